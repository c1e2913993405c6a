//! The body that names a user's contact.

use contracts::ContactId;

use super::object::Object;
use crate::problem::ApiError;

const CONTACT_ID: &str = "contactId";

/// The contact that is named: `{"contactId":"501"}`.
pub(crate) fn parse_contact(body: &[u8]) -> Result<ContactId, ApiError> {
    let mut object = Object::of_request(body, &[CONTACT_ID])?;
    if !object.has(CONTACT_ID) {
        object.fault(CONTACT_ID, "is required");
    }
    match object.text(CONTACT_ID) {
        Some(contact_id) => object.finish(contact_id),
        None => Err(ApiError::InvalidBody(object.faults())),
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
            r#"["501"]"#,
            r#"{"contactId":null}"#,
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
