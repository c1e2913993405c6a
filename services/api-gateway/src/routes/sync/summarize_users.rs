//! `GET /sync/summary`: counts users by their state, and gives the status of delivery.

use crate::openapi::{Describe, Media, Problems};
use aide::transform::TransformOperation;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use contracts::{SummarizeUsers, UsersSummary};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::events::DeliveryReport;
use crate::request::{NoQuery, RequestContext};
use crate::response::ApiError;
use crate::routes::Gateway;

/// How many users are in which state, and the status of delivery.
#[derive(Serialize, JsonSchema)]
struct Summary {
    /// The users.
    #[serde(flatten)]
    users: UsersSummary,
    /// The status of delivery to HubSpot.
    delivery: DeliveryReport,
}

pub(in crate::routes) async fn summarize_users(
    _: NoQuery,
    State(gateway): State<Gateway>,
    Extension(context): Extension<RequestContext>,
) -> Result<Response, ApiError> {
    let users = gateway.services.read(&SummarizeUsers {}, &context).await?;
    let delivery = gateway.delivery.report();
    Ok(([(CACHE_CONTROL, "no-store")], Json(Summary { users, delivery })).into_response())
}

/// Describes the operation for the API document.
pub(in crate::routes) fn describe_summarize_users(
    operation: TransformOperation<'_>,
) -> TransformOperation<'_> {
    operation
        .describe("summarize", "Delivery", "Read the summary of all users and of delivery",
            "While very many users are pending, a slow count is made less often; `countedAt` says when.")
        .headers(&["requestId", "traceparent"])
        .responds(200, "The summary.", &[], "application/json", Media::of::<Summary>().example(json!({
            "pending": 12, "resending": 0, "oldestPending": "2026-01-05T09:29:58.500Z", "oldestPendingAgeMs": 1500,
            "problems": [{ "state": "rejected", "reason": "INVALID_EMAIL", "users": 3, "example": "7" },
                { "state": "notFound", "users": 1, "example": "9" }],
            "usersWithProblems": 4, "countedAt": "2026-01-05T09:30:00.000Z",
            "delivery": { "worker": "0f8e5c1a", "status": "running", "message": "changes are delivered", "since": "2026-01-05T08:00:00.000Z",
                "calls": { "burstMax": 190, "burstLeft": 188, "dayMax": 625_000, "dayLeft": 624_000 }, "workers": 2 }
        })))
        .problems(&[Problems::INVALID_PARAMETER, Problems::INTERNAL, Problems::BAD_ANSWER, Problems::UNAVAILABLE, Problems::NO_ANSWER,])
}
