//! Faults of single values: a contact keeps another one than the written one, or a response does not show it.

use axum::{
    body::{Body, Bytes, to_bytes},
    http::header::CONTENT_LENGTH,
    response::Response,
};
use serde_json::Value;

use super::IncomingCall;
use crate::faults::{KeptForm, Matcher};

/// Runs a call as if it wrote what the contact keeps of its values.
pub(super) async fn keep_other_values(mut incoming: IncomingCall, on: &Matcher, form: KeptForm) -> Response {
    if let Ok(mut body) = serde_json::from_slice::<Value>(&incoming.body) {
        change_written(&mut body, on, form);
        incoming.body = Bytes::from(body.to_string());
        let length = incoming.body.len();
        incoming.parts.headers.insert(CONTENT_LENGTH, length.into());
    }
    incoming.run().await
}

fn change_written(body: &mut Value, on: &Matcher, form: KeptForm) {
    match body.get_mut("inputs").and_then(Value::as_array_mut) {
        // The call itself names the contact of a single write.
        None => change_properties(body, on, form),
        Some(inputs) => {
            let is_named = |input: &&mut Value| {
                let contact = on.contact.as_deref();
                contact.is_none_or(|id| input["id"].as_str() == Some(id))
            };
            for input in inputs.iter_mut().filter(is_named) {
                change_properties(input, on, form);
            }
        }
    }
}

fn change_properties(write: &mut Value, on: &Matcher, form: KeptForm) {
    let properties = write.get_mut("properties").and_then(Value::as_object_mut);
    for (name, value) in properties.into_iter().flatten() {
        let is_named = on.property.as_deref().is_none_or(|property| property == name);
        if let (true, Value::String(text)) = (is_named, value) {
            *text = form.of(text);
        }
    }
}

/// Runs a call, and leaves a property out of every contact in its response.
pub(super) async fn hide_property(incoming: IncomingCall, property: &str) -> Response {
    let (mut parts, body) = incoming.run().await.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let Ok(mut json) = serde_json::from_slice::<Value>(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    hide_in(&mut json, property);
    let results = json.get_mut("results").and_then(Value::as_array_mut);
    for contact in results.into_iter().flatten() {
        hide_in(contact, property);
    }
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(json.to_string()))
}

fn hide_in(contact: &mut Value, property: &str) {
    for member in ["properties", "propertiesWithHistory"] {
        if let Some(properties) = contact.get_mut(member).and_then(Value::as_object_mut) {
            properties.remove(property);
        }
    }
}
