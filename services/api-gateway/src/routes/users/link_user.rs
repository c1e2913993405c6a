//! `PUT /users/{userId}/contact`: an operator links a user to a contact.
//!
//! A page of another site cannot make a browser send a PUT without permission, as it could a plain POST.

use super::get_receipt::link_example;
use crate::openapi::{Describe, Media, Problems};
use aide::transform::TransformOperation;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::{Extension, Json};
use contracts::{ContactId, LinkUser, Receipt};
use serde_json::json;

use crate::request::{JsonObject, NoQuery, RequestContext, UserIdPath, read_body, require_json};
use crate::response::ApiError;
use crate::routes::Gateway;

const CONTACT_ID: &str = "contactId";

pub(in crate::routes) async fn link_user(
    _: NoQuery,
    State(gateway): State<Gateway>,
    UserIdPath(user_id): UserIdPath,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Receipt>, ApiError> {
    require_json(&headers)?;
    let body = read_body(&headers, body, gateway.read_timeout).await?;
    let contact_id = parse_contact(&body)?;
    let link = LinkUser { user_id, contact_id };
    Ok(Json(gateway.services.change(&link, &context).await?))
}

/// Describes the operation for the API document.
pub(in crate::routes) fn describe_link_user(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .describe("linkUser", "Operation", "Link a user to a contact",
            "The user is linked to that contact of the account, whatever its address, and every field is sent to it. If another contact has the user's \
             address, the address becomes a `conflict`, and the link stays.")
        .headers(&["requestId", "traceparent"])
        .body("application/json", Media::named("ContactLink").example(json!({ "contactId": "501" })))
        .responds(200, "The link is stored. This is the receipt of the current version.", &[], "application/json",
            Media::of::<Receipt>().example(link_example()))
        .problems(&[Problems::NOT_FOUND, Problems::NOT_LINKED, Problems::INVALID_REQUEST, Problems::BODY_TIMED_OUT, Problems::BODY_TOO_LARGE, Problems::UNSUPPORTED_MEDIA_TYPE, Problems::INTERNAL, Problems::BAD_ANSWER, Problems::UNAVAILABLE, Problems::OUTCOME_UNKNOWN,])
}

/// Parses `{"contactId":"501"}`.
fn parse_contact(body: &[u8]) -> Result<ContactId, ApiError> {
    let mut object = JsonObject::of_request(body, &[CONTACT_ID])?;
    if !object.has(CONTACT_ID) {
        object.reject(CONTACT_ID, "is required");
    }
    match object.text(CONTACT_ID) {
        Some(contact_id) => object.finish(contact_id),
        None => Err(ApiError::InvalidBody(object.into_errors())),
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
            let rejected = parse_contact(body.as_bytes());
            assert!(matches!(rejected, Err(ApiError::InvalidBody(_))), "{body}");
        }
        assert!(matches!(parse_contact(b"{"), Err(ApiError::MalformedBody(_))));
    }
}
