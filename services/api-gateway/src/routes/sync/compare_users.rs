//! `POST /sync/drift` and `POST /sync/dry-run`: compare a page of users with their HubSpot contacts.

use crate::openapi::{Describe, Media, Problems};
use aide::transform::TransformOperation;
use serde_json::json;
use std::collections::BTreeSet;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use contracts::{CompareUsers, Comparison, ComparisonPurpose, MAX_COMPARED, UserId, UserSelection};

use crate::request::{JsonObject, NoQuery, RequestContext, read_body, require_json};
use crate::response::ApiError;
use crate::routes::Gateway;

pub(in crate::routes) async fn find_drift(
    _: NoQuery,
    gateway: State<Gateway>,
    context: Extension<RequestContext>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    compare(gateway, context, headers, body, parse_drift).await
}

/// Describes the operation for the API document.
pub(in crate::routes) fn describe_find_drift(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .describe("findDrift", "Operation", "Compare users with their contacts",
            "Compares fields that HubSpot has confirmed and that are not dirty, for a page of at most a hundred users in the order of their ids; a page may \
             be empty and not be the last. The findings are `changed`, `gone`, `merged`, `shared` and `notReported`. With `repair`, fields that differ are \
             sent again with lower priority than live changes, unless the user has changed meanwhile. The worker that delivers makes the comparison when no \
             change waits. If it cannot within forty seconds, the response is `not-comparing`.")
        .headers(&["requestId", "traceparent"])
        .body("application/json", Media::named("Drift")
            .named_example("page", "a page, with the values, which are personal data", json!({ "values": true }))
            .named_example("repair", "these users, repairing what differs", json!({ "users": ["7", "8"], "repair": true })))
        .responds(200, "The findings of this page. The last page has no `next`.", &[], "application/json",
            Media::of::<Comparison>().example(json!({
                "checked": 100, "skipped": 0, "next": "u-99", "findings": [{ "userId": "7", "kind": "changed", "contactId": "51",
                    "fields": [{ "field": "firstName", "userValue": "Brian", "contactValue": "Bryan" }] }]
            })))
        .problems(&[Problems::INVALID_REQUEST, Problems::BODY_TIMED_OUT, Problems::BODY_TOO_LARGE, Problems::UNSUPPORTED_MEDIA_TYPE, Problems::INTERNAL, Problems::BAD_ANSWER, Problems::NOT_COMPARING,])
}

pub(in crate::routes) async fn dry_run(
    _: NoQuery,
    gateway: State<Gateway>,
    context: Extension<RequestContext>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    compare(gateway, context, headers, body, parse_dry_run).await
}

/// Describes the operation for the API document.
pub(in crate::routes) fn describe_dry_run(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .describe("dryRun", "Operation", "Show what a delivery would write",
            "Checks dirty users, a page of at most a hundred in the order of their ids. The findings are `wouldWrite`, `wouldLink`, `wouldCreate`, \
             `notFound`, `gone`, `merged` and `notReported`. Nothing is written and no link is stored. It works while delivery is paused.")
        .headers(&["requestId", "traceparent"])
        .body("application/json", Media::named("DryRun")
            .named_example("page", "the page after another one", json!({ "after": "u-99" }))
            .named_example("named", "these users, with the values, which are personal data", json!({ "users": ["7"], "values": true })))
        .responds(200, "The findings of this page. The last page has no `next`.", &[], "application/json",
            Media::of::<Comparison>().example(json!({
                "checked": 1, "skipped": 0, "findings": [{ "userId": "7", "kind": "wouldLink", "contactId": "51",
                    "fields": [{ "field": "firstName", "userValue": "Brian" }] }]
            })))
        .problems(&[Problems::INVALID_REQUEST, Problems::BODY_TIMED_OUT, Problems::BODY_TOO_LARGE, Problems::UNSUPPORTED_MEDIA_TYPE, Problems::INTERNAL, Problems::BAD_ANSWER, Problems::NOT_COMPARING,])
}

async fn compare(
    State(gateway): State<Gateway>,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
    body: Body,
    parse: impl FnOnce(&[u8]) -> Result<CompareUsers, ApiError>,
) -> Result<Response, ApiError> {
    require_json(&headers)?;
    let body = read_body(&headers, body, gateway.read_timeout).await?;
    let comparison = gateway.services.compare(&parse(&body)?, &context).await?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(comparison)).into_response())
}

fn parse_drift(body: &[u8]) -> Result<CompareUsers, ApiError> {
    let mut object = JsonObject::of_request(body, &["users", "after", "repair", "values"])?;
    let repair = object.flag("repair");
    parse_selection(object, ComparisonPurpose::Drift { repair })
}

fn parse_dry_run(body: &[u8]) -> Result<CompareUsers, ApiError> {
    let mut object = JsonObject::of_request(body, &["users", "after", "repair", "values"])?;
    // The member is known, so that the message can say which request repairs.
    if object.has("repair") {
        object.reject(
            "repair",
            "a dry run changes nothing; use POST /sync/drift to repair",
        );
    }
    parse_selection(object, ComparisonPurpose::DryRun)
}

/// Parses which users are compared: users by name, or a page of all users.
fn parse_selection(mut object: JsonObject, purpose: ComparisonPurpose) -> Result<CompareUsers, ApiError> {
    let users: Option<Vec<UserId>> = object.list("users", MAX_COMPARED);
    let after: Option<UserId> = object.text("after");
    let values = object.flag("values");
    if users.is_some() && after.is_some() {
        object.reject("after", "cannot be used together with users");
    }
    let users = match users {
        Some(users) => UserSelection::Named(without_repeats(users)),
        None => UserSelection::After(after),
    };
    object.finish(CompareUsers {
        purpose,
        users,
        values,
    })
}

fn without_repeats(users: Vec<UserId>) -> Vec<UserId> {
    let users: BTreeSet<UserId> = users.into_iter().collect();
    users.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(user: &str) -> UserId {
        user.parse().expect("an id")
    }

    #[test]
    fn users_are_named_or_come_page_by_page() {
        let purpose = ComparisonPurpose::Drift { repair: false };
        for (body, users) in [
            ("{}", UserSelection::After(None)),
            (r#"{"after":"7"}"#, UserSelection::After(Some(id("7")))),
            (r#"{"users":["7"]}"#, UserSelection::Named(vec![id("7")])),
            (
                r#"{"users":["8","7","8"]}"#,
                UserSelection::Named(vec![id("7"), id("8")]),
            ),
        ] {
            let values = false;
            let expected = CompareUsers {
                purpose,
                users,
                values,
            };
            assert_eq!(parse_drift(body.as_bytes()), Ok(expected), "{body}");
        }
    }

    #[test]
    fn repair_and_values_are_off_unless_asked_for() {
        let drift = parse_drift(br#"{"repair":true,"values":true}"#).expect("a good body");
        assert_eq!(
            (drift.purpose, drift.values),
            (ComparisonPurpose::Drift { repair: true }, true)
        );
        let dry_run = parse_dry_run(br#"{"values":true}"#).expect("a good body");
        assert_eq!(
            (dry_run.purpose, dry_run.values),
            (ComparisonPurpose::DryRun, true)
        );
    }

    #[test]
    fn a_contradictory_or_misspelt_body_is_rejected() {
        for body in [
            "[]",
            "[null,null,true,null]",
            r#"{"after":null}"#,
            r#"{"users":null}"#,
            r#"{"repair":null}"#,
            r#"{"repair":true,"repair":true}"#,
            r#"{"users":[]}"#,
            r#"{"users":["no id!"]}"#,
            r#"{"users":["1"],"after":"1"}"#,
            r#"{"after":1}"#,
            r#"{"repiar":true}"#,
            r#"{"repair":"yes"}"#,
        ] {
            let rejected = parse_drift(body.as_bytes());
            assert!(matches!(rejected, Err(ApiError::InvalidBody(_))), "{body}");
        }
        assert!(parse_dry_run(br#"{"repair":false}"#).is_err());
        assert!(matches!(parse_drift(b"{"), Err(ApiError::MalformedBody(_))));
        let many = vec!["\"1\""; MAX_COMPARED + 1].join(",");
        assert!(parse_drift(format!("{{\"users\":[{many}]}}").as_bytes()).is_err());
    }
}
