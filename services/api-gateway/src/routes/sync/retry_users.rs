//! `POST /sync/retry`: sends the fields that have a problem again.

use crate::openapi::{Describe, Media, Problems};
use aide::transform::TransformOperation;
use serde_json::json;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::{Extension, Json};
use contracts::{MAX_LISTED, ProblemFilter, RetryUsers, UserId, UsersRetried};
use tokio::time::Instant;

use crate::request::{JsonObject, NoQuery, ProblemState, RequestContext, read_body, require_json};
use crate::response::ApiError;
use crate::routes::Gateway;

/// How long one request works. The rest is left to the next request; `next` says where to continue.
const MAX_DURATION: Duration = Duration::from_secs(5);

pub(in crate::routes) async fn retry_users(
    _: NoQuery,
    State(gateway): State<Gateway>,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<UsersRetried>, ApiError> {
    require_json(&headers)?;
    let body = read_body(&headers, body, gateway.read_timeout).await?;
    let mut request = parse_retry(&body)?;
    let until = Instant::now() + MAX_DURATION;
    let mut total = UsersRetried::default();
    loop {
        let page = match gateway.services.change(&request, &context).await {
            Ok(page) => page,
            // Earlier pages are done and have to be reported. The caller continues from here and sees the error if it persists.
            Err(error) if total.next.is_some() => {
                error.log_partial_success(&context.request_id);
                return Ok(Json(total));
            }
            Err(error) => return Err(error),
        };
        total.retried += page.retried;
        total.skipped += page.skipped;
        total.unknown.extend(page.unknown);
        total.next = page.next;
        match &mut request {
            RetryUsers::Listed { after, .. } if total.next.is_some() && Instant::now() < until => {
                after.clone_from(&total.next);
            }
            _ => return Ok(Json(total)),
        }
    }
}

/// Describes the operation for the API document.
pub(in crate::routes) fn describe_retry_users(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .describe("retryUsers", "Operation", "Retry users with problems",
            "Rejected, conflicting, failed and not found fields are sent again, and the pause after a failure ends. Users by name are delivered at once; \
             those chosen by their state have lower priority than live changes. A request works for five seconds at most. If it does not get to the \
             end, or fails after a part, the response has a `next`.")
        .headers(&["requestId", "traceparent"])
        .body("application/json", Media::named("Retry")
            .named_example("named", "these users", json!({ "users": ["7", "8"] }))
            .named_example("byReason", "all users that have failed for a reason", json!({ "state": "failed", "reason": "TIMED_OUT" })))
        .responds(200, "The retry is stored.", &[], "application/json", Media::of::<UsersRetried>().example(json!({
            "retried": 1, "skipped": 0, "unknown": ["8"]
        })))
        .problems(&[Problems::INVALID_REQUEST, Problems::BODY_TIMED_OUT, Problems::BODY_TOO_LARGE, Problems::UNSUPPORTED_MEDIA_TYPE, Problems::INTERNAL, Problems::BAD_ANSWER, Problems::UNAVAILABLE, Problems::OUTCOME_UNKNOWN,])
}

/// Parses the body: users by name, or all users with a state and perhaps a reason.
///
/// An empty body is rejected: all users with problems have to be asked for by each of their states.
fn parse_retry(body: &[u8]) -> Result<RetryUsers, ApiError> {
    let mut object = JsonObject::of_request(body, &["users", "state", "reason", "after"])?;
    let users: Option<Vec<UserId>> = object.list("users", MAX_LISTED);
    let state: Option<ProblemState> = object.text("state");
    let reason: Option<String> = object.text("reason");
    let after: Option<String> = object.text("after");
    if object.is_valid() {
        if users.is_none() && state.is_none() {
            object.reject_whole("needs users or a state");
        }
        for (name, is_wrong) in [
            ("state", state.is_some() && users.is_some()),
            ("reason", reason.is_some() && state.is_none()),
            ("after", after.is_some() && state.is_none()),
        ] {
            if is_wrong {
                object.reject(name, "can only be used with a state, and not with users");
            }
        }
    }
    object.finish(match users {
        Some(users) => RetryUsers::Named(users),
        None => RetryUsers::Listed {
            filter: ProblemFilter {
                state: state.map(|ProblemState(state)| state),
                reason,
            },
            after,
        },
    })
}

#[cfg(test)]
mod tests {
    use contracts::SyncState;

    use super::*;

    #[test]
    fn users_are_named_or_chosen_by_their_state() {
        let named = parse_retry(br#"{"users":["1","2"]}"#);
        let expected = ["1", "2"].map(|user| user.parse().expect("an id")).to_vec();
        assert_eq!(named, Ok(RetryUsers::Named(expected)));
        let chosen = parse_retry(br#"{"state":"failed","reason":"A","after":"3:A:1"}"#);
        let expected = RetryUsers::Listed {
            filter: ProblemFilter {
                state: Some(SyncState::Failed),
                reason: Some("A".to_owned()),
            },
            after: Some("3:A:1".to_owned()),
        };
        assert_eq!(chosen, Ok(expected));
    }

    #[test]
    fn a_body_with_neither_or_both_is_rejected() {
        for body in [
            "{}",
            "[]",
            r#"[null,"failed",null,null]"#,
            r#"{"state":"failed","after":null}"#,
            r#"{"state":{"failed":null}}"#,
            r#"{"state":null,"users":["1"]}"#,
            r#"{"users":["1"],"after":"2"}"#,
            r#"{"users":[]}"#,
            r#"{"users":["no id!"]}"#,
            r#"{"users":["1"],"state":"failed"}"#,
            r#"{"reason":"A"}"#,
            r#"{"state":"pending"}"#,
            r#"{"state":"failed","resaon":"A"}"#,
        ] {
            assert!(
                matches!(parse_retry(body.as_bytes()), Err(ApiError::InvalidBody(_))),
                "{body}"
            );
        }
        assert!(matches!(parse_retry(b"{"), Err(ApiError::MalformedBody(_))));
        let many = vec!["\"1\""; MAX_LISTED + 1].join(",");
        assert!(parse_retry(format!("{{\"users\":[{many}]}}").as_bytes()).is_err());
    }
}
