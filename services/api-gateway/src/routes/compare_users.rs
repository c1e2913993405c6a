//! `POST /sync/drift` and `POST /sync/dry-run`: compares a page of users with their HubSpot contacts.
//!
//! The body has to be declared as JSON, which a page of another site cannot make a browser send unasked.

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use contracts::CompareUsers;

use super::Gateway;
use crate::problem::ApiError;
use crate::request::{NoQuery, RequestContext, parse_drift, parse_dry_run, read_body, read_json_form};

pub(super) async fn drift(
    _: NoQuery,
    gateway: State<Gateway>,
    context: Extension<RequestContext>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    compare(gateway, context, headers, body, parse_drift).await
}

pub(super) async fn dry_run(
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
    read_json_form(&headers)?;
    let body = read_body(&headers, body, gateway.read_timeout).await?;
    let comparison = gateway.users.compare(&parse(&body)?, &context).await?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(comparison)).into_response())
}
