//! Calls as HTTP requests.

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use super::Target;
use crate::engine::{Call, CreateInput, UpdateInput};

/// What is read of a contact: enough to tell which address found it.
const READ: [&str; 2] = ["email", "hs_additional_emails"];

pub(super) fn build(http: &Client, target: &Target, call: &Call) -> RequestBuilder {
    match call {
        Call::Account => http.get(target.account()),
        Call::Find { addresses } => http.post(target.batch("read")).json(&find(addresses)),
        Call::FindAlone { address } => {
            let query = [("idProperty", "email"), ("properties", &READ.join(","))];
            http.get(target.contact(address)).query(&query)
        }
        Call::Update { inputs } => http.post(target.batch("update")).json(&update(inputs)),
        Call::Create { inputs } => http.post(target.batch("create")).json(&create(inputs)),
        Call::Read { contact_id } => http
            .get(target.contact(contact_id))
            .query(&[("properties", READ.join(","))]),
        Call::Patch {
            contact_id,
            properties,
        } => http
            .patch(target.contact(contact_id))
            .json(&json!({ "properties": properties })),
    }
}

fn find(addresses: &[String]) -> Value {
    let inputs: Vec<Value> = addresses.iter().map(|address| json!({ "id": address })).collect();
    json!({ "idProperty": "email", "inputs": inputs, "properties": READ, "propertiesWithHistory": [] })
}

fn create(inputs: &[CreateInput]) -> Value {
    let input = |input: &CreateInput| {
        json!({
            "properties": input.properties,
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
