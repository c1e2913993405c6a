//! `POST /sync/resync`: sends every field of users again.

use crate::openapi::{Describe, Media, Problems};
use aide::transform::TransformOperation;
use serde_json::json;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::{Extension, Json};
use contracts::fields::MAX_FIELDS;
use contracts::{Field, FieldDefinitions, MAX_LISTED, ResyncUsers, UserId, UsersResynced, UsersToResync};
use tokio::time::Instant;

use crate::request::{JsonObject, NoQuery, RequestContext, read_body, require_json};
use crate::response::ApiError;
use crate::routes::Gateway;

/// How long one request works. The rest is left to the next request; `next` says where to continue.
const MAX_DURATION: Duration = Duration::from_secs(5);

pub(in crate::routes) async fn resync_users(
    _: NoQuery,
    State(gateway): State<Gateway>,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<UsersResynced>, ApiError> {
    require_json(&headers)?;
    let body = read_body(&headers, body, gateway.read_timeout).await?;
    let mut request = parse_resync(&body, &*gateway.services.fields().await?)?;
    let until = Instant::now() + MAX_DURATION;
    let mut total = UsersResynced::default();
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
        total.resynced += page.resynced;
        total.shared += page.shared;
        total.skipped += page.skipped;
        total.unknown.extend(page.unknown);
        total.next = page.next;
        match &mut request.users {
            UsersToResync::All { after } if total.next.is_some() && Instant::now() < until => {
                after.clone_from(&total.next);
            }
            _ => return Ok(Json(total)),
        }
    }
}

/// Describes the operation for the API document.
pub(in crate::routes) fn describe_resync_users(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .describe("resyncUsers", "Operation", "Send fields of users again",
            "Every field is sent again, or those in `fields`, with lower priority than live changes. A request works for five seconds at most. If it does not get to the end, or \
             fails after a part, the response has a `next`.")
        .headers(&["requestId", "traceparent"])
        .body("application/json", Media::named("Resync")
            .named_example("named", "these users", json!({ "users": ["7", "8"] }))
            .named_example("all", "all users", json!({ "all": true }))
            .named_example("field", "one field of all users", json!({ "all": true, "fields": ["firstName"] })))
        .responds(200, "The resync is stored.", &[], "application/json", Media::of::<UsersResynced>().example(json!({
            "resynced": 1, "shared": 0, "skipped": 0, "unknown": ["8"]
        })))
        .problems(&[Problems::INVALID_REQUEST, Problems::BODY_TIMED_OUT, Problems::BODY_TOO_LARGE, Problems::UNSUPPORTED_MEDIA_TYPE, Problems::INTERNAL, Problems::BAD_ANSWER, Problems::UNAVAILABLE, Problems::OUTCOME_UNKNOWN,])
}

/// Parses the body: users by name, or `"all": true`. An empty body does not mean all users.
fn parse_resync(body: &[u8], definitions: &FieldDefinitions) -> Result<ResyncUsers, ApiError> {
    let mut object = JsonObject::of_request(body, &["users", "all", "after", "fields"])?;
    let users: Option<Vec<UserId>> = object.list("users", MAX_LISTED);
    let all = object.flag("all");
    let after: Option<UserId> = object.text("after");
    let names: Option<Vec<String>> = object.list("fields", MAX_FIELDS);
    let fields: Option<Vec<Option<Field>>> =
        names.map(|names| names.iter().map(|name| definitions.by_name(name)).collect());
    if fields.iter().flatten().any(Option::is_none) {
        let known: Vec<&str> = definitions.iter().map(|(field, _)| field.name()).collect();
        object.reject(
            "fields",
            &format!("must be names of fields: {}", known.join(", ")),
        );
    }
    if object.is_valid() {
        if users.is_some() && all {
            object.reject_whole("takes users or all, not both");
        } else if users.is_none() && !all {
            object.reject_whole("needs users or \"all\": true");
        }
        if after.is_some() && !all {
            object.reject("after", "can only be used with \"all\": true");
        }
    }
    object.finish(ResyncUsers {
        users: match users {
            Some(users) => UsersToResync::Named(users),
            None => UsersToResync::All { after },
        },
        fields: fields.map(|fields| fields.into_iter().flatten().collect()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &[u8]) -> Result<ResyncUsers, ApiError> {
        parse_resync(body, FieldDefinitions::built_in())
    }

    fn every_field(users: UsersToResync) -> ResyncUsers {
        ResyncUsers { users, fields: None }
    }

    #[test]
    fn fields_are_named() {
        let named = parse(br#"{"all":true,"fields":["firstName"]}"#).map(|request| request.fields);
        assert_eq!(named, Ok(Some([Field::FIRST_NAME].into_iter().collect())));
        for body in [
            r#"{"all":true,"fields":["shoeSize"]}"#,
            r#"{"all":true,"fields":[]}"#,
        ] {
            assert!(parse(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn users_are_named_or_all_are_meant() {
        let id = |user: &str| user.parse::<UserId>().expect("an id");
        let named = parse(br#"{"users":["1","2"]}"#);
        assert_eq!(
            named,
            Ok(every_field(UsersToResync::Named(vec![id("1"), id("2")])))
        );
        let all = parse(br#"{"all":true}"#);
        assert_eq!(all, Ok(every_field(UsersToResync::All { after: None })));
        let after = parse(br#"{"all":true,"after":"7"}"#);
        assert_eq!(
            after,
            Ok(every_field(UsersToResync::All { after: Some(id("7")) }))
        );
    }

    #[test]
    fn a_body_with_neither_or_both_is_rejected() {
        for body in [
            "{}",
            "[]",
            "[null,true,null]",
            r#"[["1"]]"#,
            r#"{"all":true,"after":null}"#,
            r#"{"all":true,"users":null}"#,
            r#"{"all":null,"users":["1"]}"#,
            r#"{"all":true,"all":true}"#,
            r#"{"users":["1"],"users":["2"]}"#,
            r#"{"users":[["1"]]}"#,
            r#"{"users":"1"}"#,
            r#"{"all":false}"#,
            r#"{"all":"yes"}"#,
            r#"{"users":[]}"#,
            r#"{"users":["no id!"]}"#,
            r#"{"users":["1"],"all":true}"#,
            r#"{"users":["1"],"after":"2"}"#,
            r#"{"after":"2"}"#,
            r#"{"all":true,"afer":"2"}"#,
        ] {
            let rejected = parse(body.as_bytes());
            assert!(matches!(rejected, Err(ApiError::InvalidBody(_))), "{body}");
        }
        assert!(matches!(parse(b"{"), Err(ApiError::MalformedBody(_))));
    }
}
