//! The body that names a user's contact.

use contracts::ContactId;
use serde_json::Value;

use super::json_body::fault;
use super::members::{Members, NoMembers, read_members};
use crate::problem::ApiError;

const CONTACT_ID: &str = "contactId";

/// The contact that is named: `{"contactId":"501"}`.
pub(crate) fn parse_contact(body: &[u8]) -> Result<ContactId, ApiError> {
    let Members(members) = read_members(body).map_err(|error| match error {
        NoMembers::Malformed(detail) => ApiError::MalformedBody(detail),
        NoMembers::NotAnObject => fault("", "must be a JSON object"),
    })?;
    match members.as_slice() {
        [(name, Value::String(id))] if name == CONTACT_ID => id
            .parse()
            .map_err(|rule: contracts::InvalidContactId| fault("/contactId", &rule.to_string())),
        [(name, _)] if name == CONTACT_ID => Err(fault("/contactId", "must be a string")),
        _ => Err(fault("", "takes contactId and nothing else")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_contact_is_named_by_its_number() {
        let named = parse_contact(br#"{"contactId":"501"}"#).map(|id| id.to_string());
        assert_eq!(named, Ok("501".to_owned()));
        for body in [
            "{}",
            "[]",
            r#"{"contactId":501}"#,
            r#"{"contactId":"c1"}"#,
            r#"{"contactId":""}"#,
            r#"{"contactID":"501"}"#,
            r#"{"contactId":"501","accountId":"4711"}"#,
            r#"{"contactId":"501","contactId":"502"}"#,
        ] {
            let refused = parse_contact(body.as_bytes());
            assert!(matches!(refused, Err(ApiError::InvalidBody(_))), "{body}");
        }
        assert!(matches!(parse_contact(b"{"), Err(ApiError::MalformedBody(_))));
    }
}
