//! `/sync/pause`: an operator pauses delivery with PUT and resumes it with DELETE. It is kept over restarts.
//!
//! Neither is a method that a page of another site can make a browser send unasked, as it could a plain POST.

use std::time::Duration;

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use contracts::{ControlDelivery, DeliveryAction, DeliveryControl};
use serde::Serialize;

use super::Gateway;
use crate::problem::ApiError;
use crate::request::{NoQuery, RequestContext};

/// A worker learns of a pause when it renews its lease, each second, and says so at once.
const IN_EFFECT_WITHIN: Duration = Duration::from_secs(3);

type Context = Extension<RequestContext>;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Pause {
    #[serde(flatten)]
    control: DeliveryControl,
    /// Whether the worker that delivers has reported it, or none delivers. What reads the summary next sees the same.
    in_effect: bool,
}

pub(super) async fn look(
    _: NoQuery,
    gateway: State<Gateway>,
    context: Context,
) -> Result<Response, ApiError> {
    control(gateway, context, DeliveryAction::Read, Duration::ZERO).await
}

pub(super) async fn pause(
    _: NoQuery,
    gateway: State<Gateway>,
    context: Context,
) -> Result<Response, ApiError> {
    control(gateway, context, DeliveryAction::Pause, IN_EFFECT_WITHIN).await
}

pub(super) async fn resume(
    _: NoQuery,
    gateway: State<Gateway>,
    context: Context,
) -> Result<Response, ApiError> {
    control(gateway, context, DeliveryAction::Resume, IN_EFFECT_WITHIN).await
}

async fn control(
    State(gateway): State<Gateway>,
    Extension(context): Context,
    wish: DeliveryAction,
    wait_for: Duration,
) -> Result<Response, ApiError> {
    let control = gateway
        .users
        .change(&ControlDelivery { action: wish }, &context)
        .await?;
    let in_effect = gateway.lines.wait_for_pause(control.paused, wait_for).await;
    Ok(([(CACHE_CONTROL, "no-store")], Json(Pause { control, in_effect })).into_response())
}
