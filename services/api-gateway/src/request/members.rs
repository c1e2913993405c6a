//! Reads a JSON object member by member. The usual map silently keeps the last of two equal members, and a caller
//! who gives a member twice would not learn which one counted.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

/// The members of an object, in their order, equal names included.
#[derive(Debug, PartialEq)]
pub(crate) struct Members(pub(crate) Vec<(String, Value)>);

/// Why there are no members.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoMembers {
    /// The text is not JSON, or not in UTF-8; said in words without any of the text.
    Malformed(String),
    /// The text is JSON, but not an object.
    NotAnObject,
}

/// Reads the members of the object that `body` holds.
pub(super) fn read_members(body: &[u8]) -> Result<Members, NoMembers> {
    let text = std::str::from_utf8(body).map_err(|error| {
        NoMembers::Malformed(format!(
            "it is not UTF-8 from byte {} on",
            error.valid_up_to() + 1
        ))
    })?;
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    if text.is_empty() {
        return Err(NoMembers::Malformed("it is empty".to_owned()));
    }
    let malformed = |error: serde_json::Error| NoMembers::Malformed(error.to_string());
    if text.starts_with('{') {
        // Nesting deeper than the parser's limit of 128 is an error like any other.
        return serde_json::from_str(text).map_err(malformed);
    }
    serde_json::from_str::<Value>(text).map_err(malformed)?;
    Err(NoMembers::NotAnObject)
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_order_and_their_repeats() {
        let Members(members) = read_members(br#" {"b":1,"a":null,"b":"x"} "#).expect("an object");
        let names: Vec<_> = members.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["b", "a", "b"]);
    }

    #[test]
    fn what_is_no_object_is_told_from_what_is_no_json() {
        for text in ["[]", "null", "1", r#""x""#, "true", "[{}]"] {
            assert_eq!(
                read_members(text.as_bytes()),
                Err(NoMembers::NotAnObject),
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
                matches!(result, Err(NoMembers::Malformed(_))),
                "{text}: {result:?}"
            );
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_named_by_their_place() {
        let result = read_members(b"{\"a\":\"\xff\"}");
        assert_eq!(
            result,
            Err(NoMembers::Malformed("it is not UTF-8 from byte 7 on".to_owned()))
        );
    }

    #[test]
    fn a_deeply_nested_body_is_refused_not_followed() {
        for opening in ["[", "{\"a\":"] {
            let result = read_members(opening.repeat(2_000).as_bytes());
            let Err(NoMembers::Malformed(detail)) = result else {
                panic!("{result:?}")
            };
            assert!(detail.contains("recursion limit"), "{detail}");
        }
    }
}
