//! Reads the members of a JSON object in their order, repeated names included. The usual map silently keeps the last of two
//! equal members, and a caller that gives a member twice would not learn which one counted.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

/// The members of an object in their order, repeated names included.
#[derive(Debug, PartialEq)]
pub(crate) struct JsonMembers(pub(crate) Vec<(String, Value)>);

/// Why a text is not a JSON object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum JsonObjectError {
    /// The text is not JSON or not UTF-8. The message quotes nothing of it.
    Malformed(String),
    /// The text is JSON, but not an object.
    NotAnObject,
}

/// Reads the members of the object in `body`.
pub(super) fn read_members(body: &[u8]) -> Result<JsonMembers, JsonObjectError> {
    let text = std::str::from_utf8(body).map_err(|error| {
        JsonObjectError::Malformed(format!(
            "it is not UTF-8 from byte {} on",
            error.valid_up_to() + 1
        ))
    })?;
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    if text.is_empty() {
        return Err(JsonObjectError::Malformed("it is empty".to_owned()));
    }
    let malformed = |error: serde_json::Error| JsonObjectError::Malformed(error.to_string());
    if text.starts_with('{') {
        // The parser rejects nesting deeper than 128 levels, so a hostile body cannot exhaust the stack.
        return serde_json::from_str(text).map_err(malformed);
    }
    // Anything else is parsed to find out whether it is JSON at all, for the right error.
    serde_json::from_str::<Value>(text).map_err(malformed)?;
    Err(JsonObjectError::NotAnObject)
}

impl<'de> Deserialize<'de> for JsonMembers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = JsonMembers;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JsonMembers, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(JsonMembers(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_order_and_their_repeats() {
        let JsonMembers(members) = read_members(br#" {"b":1,"a":null,"b":"x"} "#).expect("an object");
        let names: Vec<_> = members.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["b", "a", "b"]);
    }

    #[test]
    fn text_that_is_no_object_differs_from_text_that_is_no_json() {
        for text in ["[]", "null", "1", r#""x""#, "true", "[{}]"] {
            assert_eq!(
                read_members(text.as_bytes()),
                Err(JsonObjectError::NotAnObject),
                "{text}"
            );
        }
        for text in [
            "",
            "  ",
            "{",
            "{}x",
            "{\"a\":}",
            "{'a':1}",
            "nul",
            "{\"a\":1,}",
            "{\"a\":\"\\ud800\"}",
            "\u{feff}{}",
        ] {
            let result = read_members(text.as_bytes());
            assert!(
                matches!(result, Err(JsonObjectError::Malformed(_))),
                "{text}: {result:?}"
            );
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_named_by_their_position() {
        let result = read_members(b"{\"a\":\"\xff\"}");
        assert_eq!(
            result,
            Err(JsonObjectError::Malformed(
                "it is not UTF-8 from byte 7 on".to_owned()
            ))
        );
    }

    #[test]
    fn a_deeply_nested_body_is_rejected() {
        for opening in ["[", "{\"a\":"] {
            let result = read_members(opening.repeat(2_000).as_bytes());
            let Err(JsonObjectError::Malformed(detail)) = result else {
                panic!("{result:?}")
            };
            assert!(detail.contains("recursion limit"), "{detail}");
        }
    }
}
