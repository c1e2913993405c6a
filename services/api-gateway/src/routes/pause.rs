//! `/sync/pause`: an operator stops delivery with PUT and lets it go on with DELETE. It is kept over restarts.
//!
//! Neither is a method that a page of another site can make a browser send unasked, as it could a plain POST.

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use contracts::{ControlLine, LineWish};

use super::Gateway;
use crate::problem::ApiError;
use crate::request::{NoQuery, RequestContext};

type Context = Extension<RequestContext>;

pub(super) async fn look(
    _: NoQuery,
    gateway: State<Gateway>,
    context: Context,
) -> Result<Response, ApiError> {
    control(gateway, context, LineWish::Look).await
}

pub(super) async fn pause(
    _: NoQuery,
    gateway: State<Gateway>,
    context: Context,
) -> Result<Response, ApiError> {
    control(gateway, context, LineWish::Pause).await
}

pub(super) async fn resume(
    _: NoQuery,
    gateway: State<Gateway>,
    context: Context,
) -> Result<Response, ApiError> {
    control(gateway, context, LineWish::Resume).await
}

async fn control(
    State(gateway): State<Gateway>,
    Extension(context): Context,
    wish: LineWish,
) -> Result<Response, ApiError> {
    let line = gateway.users.control_line(ControlLine { wish }, &context).await?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(line)).into_response())
}
