//! Reads members of JSON bodies without relying on their shape: HubSpot's specification makes every member optional, and
//! the same member comes in several types.

use serde_json::Value;

/// The JSON of a body, if it is an object.
pub(super) fn object(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body).ok().filter(Value::is_object)
}

/// The member of that name as text, if it is a string or a number.
pub(super) fn text(value: &Value, name: &str) -> Option<String> {
    as_text(value.get(name)?)
}

/// The elements of the member of that name, or nothing if it is not a list.
pub(super) fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// The elements of the member of that name to take values out of.
pub(super) fn list_mut<'a>(value: &'a mut Value, name: &str) -> &'a mut [Value] {
    let list = value.get_mut(name).and_then(Value::as_array_mut);
    list.map_or(&mut [], Vec::as_mut_slice)
}

/// The texts of `context.<name>`, which is a list or, in some responses, a single text.
pub(super) fn context(value: &Value, name: &str) -> Vec<String> {
    match value.get("context").and_then(|context| context.get(name)) {
        Some(Value::Array(values)) => values.iter().filter_map(as_text).collect(),
        Some(single) => as_text(single).into_iter().collect(),
        None => Vec::new(),
    }
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
