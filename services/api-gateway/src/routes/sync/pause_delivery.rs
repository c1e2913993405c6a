//! `/sync/pause`: an operator pauses delivery with PUT and resumes it with DELETE. A pause survives restarts.
//!
//! A page of another site cannot make a browser send either method without permission, as it could a plain POST.

use std::time::Duration;

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use contracts::{ControlDelivery, DeliveryAction, DeliveryControl};
use serde::Serialize;

use crate::request::{NoQuery, RequestContext};
use crate::response::ApiError;
use crate::routes::Gateway;

/// How long the response waits for the worker. A worker learns of a pause when it renews its lease, once a second, and reports
/// it at once.
const IN_EFFECT_TIMEOUT: Duration = Duration::from_secs(3);

/// The body of the response.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Pause {
    #[serde(flatten)]
    control: DeliveryControl,
    /// Whether the worker that delivers has reported it, or no worker delivers.
    in_effect: bool,
}

pub(in crate::routes) async fn read_pause(
    _: NoQuery,
    gateway: State<Gateway>,
    context: Extension<RequestContext>,
) -> Result<Response, ApiError> {
    control(gateway, context, DeliveryAction::Read, Duration::ZERO).await
}

pub(in crate::routes) async fn pause_delivery(
    _: NoQuery,
    gateway: State<Gateway>,
    context: Extension<RequestContext>,
) -> Result<Response, ApiError> {
    control(gateway, context, DeliveryAction::Pause, IN_EFFECT_TIMEOUT).await
}

pub(in crate::routes) async fn resume_delivery(
    _: NoQuery,
    gateway: State<Gateway>,
    context: Extension<RequestContext>,
) -> Result<Response, ApiError> {
    control(gateway, context, DeliveryAction::Resume, IN_EFFECT_TIMEOUT).await
}

async fn control(
    State(gateway): State<Gateway>,
    Extension(context): Extension<RequestContext>,
    action: DeliveryAction,
    limit: Duration,
) -> Result<Response, ApiError> {
    let control = gateway
        .users
        .control_line(ControlDelivery { action }, &context)
        .await?;
    // The response comes when the worker has reported the change, so that a caller who reads the summary next sees it too.
    let in_effect = gateway.delivery.wait_until_paused_is(control.paused, limit).await;
    Ok(([(CACHE_CONTROL, "no-store")], Json(Pause { control, in_effect })).into_response())
}
