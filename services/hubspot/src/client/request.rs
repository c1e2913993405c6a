//! Builds the HTTP request for each call.

use std::collections::{BTreeMap, BTreeSet};

use contracts::{Field, FieldDefinitions, Values};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use super::Target;
use crate::engine::{
    ABSENT_ADDRESS, ABSENT_CONTACT_ID, CHECK_TRACE_ID, Call, Check, ContactKey, CreateInput, UpdateInput,
};

/// The properties that are read of a contact: those that show which address found it, and which contacts it was merged from.
const READ_PROPERTIES: [&str; 3] = ["email", ADDITIONAL_EMAILS, FORMER_IDS];
/// The secondary addresses of a contact.
pub(super) const ADDITIONAL_EMAILS: &str = "hs_additional_emails";
/// The ids of the contacts that were merged into one.
pub(super) const FORMER_IDS: &str = "hs_merged_object_ids";

pub(super) fn build(
    http: &Client,
    target: &Target,
    call: &Call,
    fields: &FieldDefinitions,
) -> RequestBuilder {
    match call {
        Call::Account => http.get(target.account()),
        Call::Inspect(inspection) => {
            http.post(target.batch("read"))
                .json(&inspect(inspection.by, &inspection.keys, fields))
        }
        Call::ReadBack { contact_ids } => {
            http.post(target.batch("read"))
                .json(&inspect(ContactKey::Id, contact_ids, fields))
        }
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
        Call::Check(Check::Property(field)) => {
            // A field that is no longer defined has no property.
            let property = fields.get(*field).map_or("", |definition| &definition.property);
            http.get(target.property(property))
        }
        Call::Update { inputs } => http.post(target.batch("update")).json(&update(inputs, fields)),
        Call::Create { inputs } => http.post(target.batch("create")).json(&create(inputs, fields)),
        Call::Read { contact_id } => http
            .get(target.contact(contact_id))
            .query(&[("properties", READ_PROPERTIES.join(","))]),
        Call::UpdateSingle { contact_id, values } => http
            .patch(target.contact(contact_id))
            .json(&json!({ "properties": properties(values, fields) })),
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
    let inputs = [UpdateInput {
        contact_id: ABSENT_CONTACT_ID.to_owned(),
        values: Values::new(),
        trace_id: CHECK_TRACE_ID.to_owned(),
    }];
    update(&inputs, FieldDefinitions::empty())
}

/// The body of a batch read of values.
fn inspect(by: ContactKey, keys: &[String], fields: &FieldDefinitions) -> Value {
    let inputs: Vec<Value> = keys.iter().map(|key| json!({ "id": key })).collect();
    let of_fields = fields.iter().map(|(_, definition)| definition.property.as_str());
    let properties: BTreeSet<&str> = of_fields.chain(READ_PROPERTIES).collect();
    let mut body = json!({ "inputs": inputs, "properties": properties, "propertiesWithHistory": [] });
    if by == ContactKey::Address {
        body["idProperty"] = "email".into();
    }
    body
}

/// The values as HubSpot's properties. An empty text clears a property.
fn properties<'a>(values: &Values, fields: &'a FieldDefinitions) -> BTreeMap<&'a str, String> {
    let property = |(field, value): (&Field, &Option<contracts::Value>)| {
        let definition = fields.get(*field)?;
        let written = definition.field_type.write_hubspot(value.as_ref());
        Some((definition.property.as_str(), written))
    };
    values.iter().filter_map(property).collect()
}

fn create(inputs: &[CreateInput], fields: &FieldDefinitions) -> Value {
    let input = |input: &CreateInput| {
        json!({
            "properties": properties(&input.values, fields),
            // HubSpot's specification requires this member, even if it is empty.
            "associations": [],
            "objectWriteTraceId": input.trace_id,
        })
    };
    json!({ "inputs": inputs.iter().map(input).collect::<Vec<_>>() })
}

fn update(inputs: &[UpdateInput], fields: &FieldDefinitions) -> Value {
    let input = |input: &UpdateInput| {
        json!({
            "id": input.contact_id,
            "properties": properties(&input.values, fields),
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
        let inputs = [CreateInput {
            address: "a@example.com".into(),
            values: [(Field::EMAIL, Some("a@example.com".into()))].into(),
            trace_id: "t-0".into(),
        }];
        let body = create(&inputs, FieldDefinitions::built_in());
        let expected = json!({ "inputs": [{
            "properties": { "email": "a@example.com" },
            "associations": [],
            "objectWriteTraceId": "t-0",
        }] });
        assert_eq!(body, expected);
    }
}
