//! `GET /sync`: lists users with problems, or pending ones, page by page.

use crate::openapi::{Describe, Media, Problems, add_query_parameters};
use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::Operation;
use aide::transform::TransformOperation;
use axum::extract::{FromRequestParts, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use contracts::{ListUsers, MAX_LISTED, ProblemFilter, UserFilter, UsersListed};
use serde_json::json;

use crate::request::{ProblemState, QueryParameters, RequestContext, invalid_parameter};
use crate::response::ApiError;
use crate::routes::Gateway;

/// The page size where the caller gives none.
const DEFAULT_LIMIT: usize = 100;

/// The parameters. Any other name is rejected: with a misspelt filter the list would have the wrong users.
const PARAMETERS: [&str; 4] = ["state", "reason", "after", "limit"];

/// The users that the query asks for.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::routes) struct ListQuery(ListUsers);

impl OperationInput for ListQuery {
    fn operation_input(_: &mut GenContext, operation: &mut Operation) {
        add_query_parameters(
            operation,
            json!([
                { "name": "state", "in": "query", "description": "The state of the users; all four kinds of problems if it is absent. `pending` lists the users with a pending change, also those that have a problem as well.",
                    "schema": { "enum": ["pending", "rejected", "conflict", "failed", "notFound"] }, "example": "failed" },
                { "name": "reason", "in": "query", "description": "The code of the reason. It needs a state other than `pending`.",
                    "schema": { "type": "string" }, "example": "TIMED_OUT" },
                { "name": "after", "in": "query", "description": "Where to continue: `next` of the page before.",
                    "schema": { "type": "string" }, "example": "3:TIMED_OUT:7" },
                { "name": "limit", "in": "query", "description": "The size of the page.",
                    "schema": { "type": "integer", "minimum": 1, "maximum": MAX_LISTED, "default": DEFAULT_LIMIT }, "example": 100 }
            ]),
        );
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ListQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        parse_list(&QueryParameters::read(&parts.uri, &PARAMETERS)?).map(Self)
    }
}

pub(in crate::routes) async fn list_users(
    State(gateway): State<Gateway>,
    ListQuery(list): ListQuery,
    Extension(context): Extension<RequestContext>,
) -> Result<Response, ApiError> {
    let page = gateway.services.read(&list, &context).await?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(page)).into_response())
}

/// Describes the operation for the API document.
pub(in crate::routes) fn describe_list_users(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .describe("listUsers", "Delivery", "List users with problems, or pending ones",
            "Users with problems come by state, reason and id; pending ones in the order of their next attempt. A user with a problem and a \
             pending change is in both lists, in the state of its problem. The list contains nothing of a profile. \
             Unknown and repeated parameters are rejected.")
        .headers(&["requestId", "traceparent"])
        .responds(200, "A page. The last one has no `next`.", &[], "application/json", Media::of::<UsersListed>().example(json!({
            "users": [{ "userId": "7", "version": 3, "state": "failed", "resending": false, "reason": { "code": "TIMED_OUT" },
                "attempts": 10, "updatedAt": "2026-01-05T09:30:00.123Z" },
                { "userId": "9", "version": 2, "state": "failed", "resending": true, "reason": { "code": "TIMED_OUT" }, "attempts": 14,
                "failures": 3, "lastFailure": { "code": "INTERNAL_ERROR", "status": 500 }, "nextAttemptAt": "2026-01-05T09:31:04.321Z",
                "updatedAt": "2026-01-05T09:30:00.123Z" }],
            "next": "3:TIMED_OUT:9"
        })))
        .problems(&[Problems::INVALID_PARAMETER, Problems::INTERNAL, Problems::BAD_ANSWER, Problems::UNAVAILABLE, Problems::NO_ANSWER,])
}

fn parse_list(parameters: &QueryParameters) -> Result<ListUsers, ApiError> {
    let reason = parameters.get("reason").map(str::to_owned);
    let limit = match parameters.get("limit") {
        None => DEFAULT_LIMIT,
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=MAX_LISTED).contains(limit))
            .ok_or_else(|| {
                invalid_parameter("limit", &format!("it takes a number from 1 to {MAX_LISTED}"))
            })?,
    };
    let filter = match parameters.get("state") {
        Some("pending") if reason.is_some() => {
            return Err(invalid_parameter("reason", "pending users have no reason"));
        }
        Some("pending") => UserFilter::Pending,
        state => UserFilter::Problems(parse_filter(state, reason)?),
    };
    Ok(ListUsers {
        filter,
        after: parameters.get("after").map(str::to_owned),
        limit,
    })
}

fn parse_filter(state: Option<&str>, reason: Option<String>) -> Result<ProblemFilter, ApiError> {
    let state: Option<ProblemState> = state.map(str::parse).transpose().map_err(|_| {
        invalid_parameter(
            "state",
            "it takes pending, rejected, conflict, failed or notFound",
        )
    })?;
    if state.is_none() && reason.is_some() {
        return Err(invalid_parameter(
            "reason",
            "it needs a state as well, because the same code has another meaning in another state",
        ));
    }
    Ok(ProblemFilter {
        state: state.map(|ProblemState(state)| state),
        reason,
    })
}

#[cfg(test)]
mod tests {
    use contracts::SyncState;

    use super::*;

    fn list(pairs: &[(&str, &str)]) -> Result<ListUsers, ApiError> {
        let pairs = pairs.iter();
        let pairs = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        parse_list(&QueryParameters::from_pairs(pairs.collect(), &PARAMETERS)?)
    }

    #[test]
    fn without_parameters_all_users_with_problems_are_listed() {
        let expected = ListUsers {
            filter: UserFilter::Problems(ProblemFilter::default()),
            after: None,
            limit: 100,
        };
        assert_eq!(list(&[]), Ok(expected));
    }

    #[test]
    fn a_state_a_reason_a_position_and_a_limit_are_read() {
        let expected = ListUsers {
            filter: UserFilter::Problems(ProblemFilter {
                state: Some(SyncState::Failed),
                reason: Some("A B".to_owned()),
            }),
            after: Some("3:A B:u1".to_owned()),
            limit: 500,
        };
        let pairs = [
            ("state", "failed"),
            ("reason", "A B"),
            ("after", "3:A B:u1"),
            ("limit", "500"),
        ];
        assert_eq!(list(&pairs), Ok(expected));
        assert_eq!(
            list(&[("state", "pending")]).map(|list| list.filter),
            Ok(UserFilter::Pending)
        );
    }

    #[test]
    fn a_query_that_would_list_other_users_is_rejected() {
        let wrong: [&[(&str, &str)]; 9] = [
            &[("sate", "failed")],
            &[("state", "confirmed")],
            &[("state", "Failed")],
            &[("state", "failed"), ("state", "notFound")],
            &[("reason", "A")],
            &[("state", "pending"), ("reason", "A")],
            &[("limit", "0")],
            &[("limit", "501")],
            &[("limit", "many")],
        ];
        for pairs in wrong {
            assert!(list(pairs).is_err(), "{pairs:?}");
        }
    }
}
