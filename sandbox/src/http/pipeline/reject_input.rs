//! A fault of one input: the inputs of a batch that name the contact fail, and the others take effect.

use axum::{
    Json,
    body::{Bytes, to_bytes},
    http::{StatusCode, header::CONTENT_LENGTH},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::IncomingCall;
use crate::{faults::Matcher, http::response::error_body::ErrorBody};

/// Answers a call as if HubSpot rejected what it does to the contact that the fault names.
pub(super) async fn reject_input(mut incoming: IncomingCall, on: &Matcher, code: &str) -> Response {
    let Ok(Value::Object(mut body)) = serde_json::from_slice(&incoming.body) else {
        return whole_call(on, code);
    };
    let Some(Value::Array(inputs)) = body.get_mut("inputs") else {
        return whole_call(on, code);
    };
    let is_named = |input: &Value| {
        on.contact
            .as_deref()
            .is_none_or(|id| input["id"].as_str() == Some(id))
    };
    let writes = |input: &Value| {
        let property = on.property.as_deref();
        property.is_none_or(|name| input["properties"].get(name).is_some())
    };
    let is_rejected = |input: &mut Value| is_named(input) && writes(input);
    let rejected: Vec<Value> = inputs.extract_if(.., is_rejected).collect();
    let errors = rejected.iter().map(|input| entry(on, code, input));
    let errors: Vec<Value> = errors.collect();
    if errors.is_empty() {
        return incoming.run().await;
    }
    if inputs.is_empty() {
        return partial(json!({ "status": "COMPLETE", "results": [] }), errors);
    }
    let Ok(rest) = serde_json::to_vec(&body) else {
        return whole_call(on, code);
    };
    incoming.parts.headers.insert(CONTENT_LENGTH, rest.len().into());
    incoming.body = Bytes::from(rest);
    let response = incoming.run().await;
    if !response.status().is_success() {
        return response;
    }
    let bytes = to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap_or_default();
    partial(serde_json::from_slice(&bytes).unwrap_or_default(), errors)
}

/// A success in which some inputs failed.
fn partial(mut body: Value, mut errors: Vec<Value>) -> Response {
    if let Some(Value::Array(others)) = body.get_mut("errors") {
        errors.append(others);
    }
    body["numErrors"] = errors.len().into();
    body["errors"] = errors.into();
    (StatusCode::MULTI_STATUS, Json(body)).into_response()
}

/// The entry in the list of errors. If the fault names a property, the code is the property's. Otherwise it is a
/// category.
fn entry(on: &Matcher, code: &str, input: &Value) -> Value {
    let context = json!({ "objectWriteTraceId": [input["objectWriteTraceId"]], "ids": [input["id"]] });
    let mut entry = json!({ "status": "error", "message": message(on, code), "context": context });
    match &on.property {
        Some(property) => {
            entry["category"] = "VALIDATION_ERROR".into();
            entry["errors"] = json!([property_error(property, code)]);
        }
        None => entry["category"] = code.into(),
    }
    entry
}

/// The answer to a call that is not a batch.
fn whole_call(on: &Matcher, code: &str) -> Response {
    let body = ErrorBody::new(StatusCode::BAD_REQUEST, message(on, code));
    let body = match &on.property {
        Some(property) => body
            .category("VALIDATION_ERROR")
            .with("errors", json!([property_error(property, code)])),
        None => body.category(code),
    };
    body.into_response()
}

fn property_error(property: &str, code: &str) -> Value {
    json!({
        "message": format!("The value of property \"{property}\" was not accepted."),
        "code": code,
        "context": { "propertyName": [property] },
    })
}

fn message(on: &Matcher, code: &str) -> String {
    match &on.property {
        Some(property) => format!("The value of property \"{property}\" was not accepted."),
        None => format!("The input was not accepted: {code}"),
    }
}
