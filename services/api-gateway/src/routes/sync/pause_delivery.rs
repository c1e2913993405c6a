//! `/sync/pause`: an operator pauses delivery with PUT and resumes it with DELETE. A pause survives restarts.
//!
//! A page of another site cannot make a browser send either method without permission, as it could a plain POST.

use crate::openapi::{Describe, Media, Problems};
use aide::transform::TransformOperation;
use serde_json::json;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use contracts::{ControlDelivery, DeliveryAction, DeliveryControl};
use schemars::JsonSchema;
use serde::Serialize;

use crate::request::{NoQuery, RequestContext};
use crate::response::ApiError;
use crate::routes::Gateway;

/// How long the response waits for the worker. A worker learns of a pause when it renews its lease, once a second, and reports
/// it at once.
const IN_EFFECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Whether delivery is paused, and whether the hubspot service follows that.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Pause {
    /// The pause as the user service has it.
    #[serde(flatten)]
    control: DeliveryControl,
    /// Whether the worker that delivers has reported it, or no worker delivers. A pause waits for that, and so does its end, for at most
    /// three seconds.
    in_effect: bool,
}

pub(in crate::routes) async fn read_pause(
    _: NoQuery,
    gateway: State<Gateway>,
    context: Extension<RequestContext>,
) -> Result<Response, ApiError> {
    control(gateway, context, DeliveryAction::Read, Duration::ZERO).await
}

/// Describes the operation for the API document.
pub(in crate::routes) fn describe_read_pause(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .describe(
            "readPause",
            "Operation",
            "Read whether delivery is paused",
            "The pause as the user service has it, and whether the hubspot service follows it.",
        )
        .with(describe_pause_response)
}

pub(in crate::routes) async fn pause_delivery(
    _: NoQuery,
    gateway: State<Gateway>,
    context: Extension<RequestContext>,
) -> Result<Response, ApiError> {
    control(gateway, context, DeliveryAction::Pause, IN_EFFECT_TIMEOUT).await
}

/// Describes the operation for the API document.
pub(in crate::routes) fn describe_pause_delivery(
    operation: TransformOperation<'_>,
) -> TransformOperation<'_> {
    operation
        .describe("pause", "Operation", "Pause delivery", "Changes are still accepted and stored, but nothing is sent to HubSpot. The response comes when the hubspot service has paused, after three seconds at most. A pause survives restarts.")
        .with(describe_pause_response)
}

pub(in crate::routes) async fn resume_delivery(
    _: NoQuery,
    gateway: State<Gateway>,
    context: Extension<RequestContext>,
) -> Result<Response, ApiError> {
    control(gateway, context, DeliveryAction::Resume, IN_EFFECT_TIMEOUT).await
}

/// Describes the operation for the API document.
pub(in crate::routes) fn describe_resume_delivery(
    operation: TransformOperation<'_>,
) -> TransformOperation<'_> {
    operation
        .describe("resume", "Operation", "Resume delivery", "Pending changes are delivered again. The response comes when the hubspot service has resumed, after three seconds at most.")
        .with(describe_pause_response)
}

async fn control(
    State(gateway): State<Gateway>,
    Extension(context): Extension<RequestContext>,
    action: DeliveryAction,
    limit: Duration,
) -> Result<Response, ApiError> {
    let control = gateway
        .services
        .change(&ControlDelivery { action }, &context)
        .await?;
    // The response comes when the worker has reported the change, so that a caller who reads the summary next sees it too.
    let in_effect = gateway.delivery.wait_until_paused_is(control.paused, limit).await;
    Ok(([(CACHE_CONTROL, "no-store")], Json(Pause { control, in_effect })).into_response())
}

fn describe_pause_response(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .headers(&["requestId", "traceparent"])
        .responds(
            200,
            "The pause as it is now.",
            &[],
            "application/json",
            Media::of::<Pause>().example(json!({
                "paused": true, "pausedSince": "2026-01-05T09:30:00.000Z", "inEffect": true
            })),
        )
        .problems(&[
            Problems::INVALID_PARAMETER,
            Problems::INTERNAL,
            Problems::BAD_ANSWER,
            Problems::UNAVAILABLE,
            Problems::OUTCOME_UNKNOWN,
        ])
}
