//! `POST /sync/drift` and `POST /sync/dry-run`: compare a page of users with their HubSpot contacts.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use contracts::{CompareUsers, ComparisonPurpose, MAX_COMPARED, UserId, UserSelection};

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

pub(in crate::routes) async fn dry_run(
    _: NoQuery,
    gateway: State<Gateway>,
    context: Extension<RequestContext>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    compare(gateway, context, headers, body, parse_dry_run).await
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
    let comparison = gateway.users.compare(&parse(&body)?, &context).await?;
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
