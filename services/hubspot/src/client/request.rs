//! Builds the HTTP request for each call.

use std::collections::BTreeSet;

use contracts::Field;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use super::Target;
use crate::engine::{
    ABSENT_ADDRESS, ABSENT_CONTACT_ID, CHECK_TRACE_ID, Call, Check, ContactKey, CreateInput, Properties,
    UpdateInput,
};

/// The properties that are read of a contact: those that show which address found it, and which contacts it was merged from.
const READ_PROPERTIES: [&str; 3] = ["email", ADDITIONAL_EMAILS, FORMER_IDS];
/// The secondary addresses of a contact.
pub(super) const ADDITIONAL_EMAILS: &str = "hs_additional_emails";
/// The ids of the contacts that were merged into one.
pub(super) const FORMER_IDS: &str = "hs_merged_object_ids";

pub(super) fn build(http: &Client, target: &Target, call: &Call) -> RequestBuilder {
    match call {
        Call::Account => http.get(target.account()),
        Call::Inspect(inspection) => http
            .post(target.batch("read"))
            .json(&inspect(inspection.by, &inspection.keys)),
        Call::ReadBack { contact_ids } => http
            .post(target.batch("read"))
            .json(&inspect(ContactKey::Id, contact_ids)),
        Call::Find { addresses } => http.post(target.batch("read")).json(&find(addresses)),
        Call::FindSingle { address } => {
            let query = [
                ("idProperty", "email"),
                ("properties", &READ_PROPERTIES.join(",")),
            ];
            http.get(target.contact(address)).query(&query)
        }
        Call::Check(Check::Writes) => http.post(target.batch("update")).json(&check_writes()),
        Call::Check(Check::Lookups) => http
            .post(target.batch("read"))
            .json(&find(&[ABSENT_ADDRESS.to_owned()])),
        Call::Check(Check::Property(field)) => http.get(target.property(field.property())),
        Call::Update { inputs } => http.post(target.batch("update")).json(&update(inputs)),
        Call::Create { inputs } => http.post(target.batch("create")).json(&create(inputs)),
        Call::Read { contact_id } => http
            .get(target.contact(contact_id))
            .query(&[("properties", READ_PROPERTIES.join(","))]),
        Call::UpdateSingle {
            contact_id,
            properties,
        } => http
            .patch(target.contact(contact_id))
            .json(&json!({ "properties": properties })),
    }
}

/// Requests any one contact, because its page address names the account.
pub(super) fn any_contact(http: &Client, target: &Target) -> RequestBuilder {
    let query = [("limit", "1"), ("properties", "hs_object_id")];
    http.get(target.contacts()).query(&query)
}

fn find(addresses: &[String]) -> Value {
    let inputs: Vec<Value> = addresses.iter().map(|address| json!({ "id": address })).collect();
    json!({ "idProperty": "email", "inputs": inputs, "properties": READ_PROPERTIES, "propertiesWithHistory": [] })
}

/// The body of a batch update that changes nothing, because it names a contact that does not exist.
fn check_writes() -> Value {
    update(&[UpdateInput {
        contact_id: ABSENT_CONTACT_ID.to_owned(),
        properties: Properties::new(),
        trace_id: CHECK_TRACE_ID.to_owned(),
    }])
}

/// The body of a batch read of values.
fn inspect(by: ContactKey, keys: &[String]) -> Value {
    let inputs: Vec<Value> = keys.iter().map(|key| json!({ "id": key })).collect();
    let fields = Field::ALL.map(Field::property);
    let properties: BTreeSet<&str> = fields.into_iter().chain(READ_PROPERTIES).collect();
    let mut body = json!({ "inputs": inputs, "properties": properties, "propertiesWithHistory": [] });
    if by == ContactKey::Address {
        body["idProperty"] = "email".into();
    }
    body
}

fn create(inputs: &[CreateInput]) -> Value {
    let input = |input: &CreateInput| {
        json!({
            "properties": input.properties,
            // HubSpot's specification requires this member, even if it is empty.
            "associations": [],
            "objectWriteTraceId": input.trace_id,
        })
    };
    json!({ "inputs": inputs.iter().map(input).collect::<Vec<_>>() })
}

fn update(inputs: &[UpdateInput]) -> Value {
    let input = |input: &UpdateInput| {
        json!({
            "id": input.contact_id,
            "properties": input.properties,
            "objectWriteTraceId": input.trace_id,
        })
    };
    json!({ "inputs": inputs.iter().map(input).collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_of_writes_names_no_contact_and_writes_no_property() {
        let expected = json!({ "inputs": [{
            "id": "999999999999999",
            "properties": {},
            "objectWriteTraceId": "hubsync-check",
        }] });
        assert_eq!(check_writes(), expected);
    }

    #[test]
    fn a_create_has_the_associations_that_hubspots_specification_wants() {
        let body = create(&[CreateInput {
            address: "a@example.com".into(),
            properties: [("email", "a@example.com".to_owned())].into(),
            trace_id: "t-0".into(),
        }]);
        let expected = json!({ "inputs": [{
            "properties": { "email": "a@example.com" },
            "associations": [],
            "objectWriteTraceId": "t-0",
        }] });
        assert_eq!(body, expected);
    }
}
