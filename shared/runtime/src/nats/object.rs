//! Reads messages whose structs are JSON objects.

use serde::Serialize;
use serde::de::{DeserializeOwned, Error};
use serde_json::Value;

/// Reads a message in which every struct is a JSON object, at every depth. Types with derived serde implementations also accept
/// an array with the members in their order, so a message that was sent by mistake could be carried out. Unknown members are
/// ignored, because a newer service may send them.
pub fn from_object<T: Serialize + DeserializeOwned>(payload: &[u8]) -> serde_json::Result<T> {
    let read: T = serde_json::from_slice(payload)?;
    // Most messages have no array at all and need no second check.
    if payload.contains(&b'[') {
        let given: Value = serde_json::from_slice(payload)?;
        if !has_objects_of(&given, &serde_json::to_value(&read)?) {
            return Err(serde_json::Error::custom("an array is where an object has to be"));
        }
    }
    Ok(read)
}

/// Whether every value that was read as an object was sent as one.
fn has_objects_of(given: &Value, read: &Value) -> bool {
    match (given, read) {
        (Value::Array(_), Value::Object(_)) => false,
        (Value::Object(given), Value::Object(read)) => read.iter().all(|(name, read)| {
            let given = given.get(name);
            given.is_none_or(|given| has_objects_of(given, read))
        }),
        (Value::Array(given), Value::Array(read)) => {
            let pairs = given.iter().zip(read);
            pairs.into_iter().all(|(given, read)| has_objects_of(given, read))
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    enum Kind {
        All { after: Option<String> },
        Named(Vec<String>),
        Look,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Line {
        id: String,
        kind: Kind,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Message {
        lines: Vec<Line>,
    }

    fn read(text: &str) -> Option<usize> {
        let message = from_object::<Message>(text.as_bytes()).ok()?;
        Some(message.lines.len())
    }

    #[test]
    fn objects_and_lists_are_read_with_members_that_nobody_knows() {
        for text in [
            r#"{"lines":[{"id":"1","kind":{"all":{"after":null}}}]}"#,
            r#"{"lines":[{"id":"[","kind":{"named":["a"]},"more":[1]}],"more":{"a":[]}}"#,
            r#"{"lines":[{"id":"1","kind":"look"}]}"#,
        ] {
            assert_eq!(read(text), Some(1), "{text}");
        }
    }

    #[test]
    fn an_array_is_no_object_at_any_depth() {
        for text in [
            r#"[[{"id":"1","kind":"look"}]]"#,
            r#"{"lines":[["1","look"]]}"#,
            r#"{"lines":[{"id":"1","kind":{"all":["x"]}}]}"#,
            r#"{"lines":[{"id":"1","kind":"look"},["2","look"]]}"#,
        ] {
            assert!(
                serde_json::from_str::<Message>(text).is_ok(),
                "serde takes {text}"
            );
            assert_eq!(read(text), None, "{text}");
        }
    }
}
