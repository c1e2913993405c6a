//! `POST /users/import`: imports many users, one for each row of the body.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{FromRequestParts, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use tokio::time::timeout;

use crate::import::{ImportRun, report_queue};
use crate::request::{QueryParameters, RequestContext, read_import_format};
use crate::response::ApiError;
use crate::routes::Gateway;
use crate::server::StallLimit;

/// The `after` parameter: the last line of the last row that was imported before. Rows up to it are skipped.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::routes) struct AfterLine(u64);

impl<S: Send + Sync> FromRequestParts<S> for AfterLine {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let after = QueryParameters::read(&parts.uri, &["after"])?.number("after")?;
        Ok(Self(after.unwrap_or(0)))
    }
}

pub(in crate::routes) async fn import_users(
    State(gateway): State<Gateway>,
    AfterLine(after): AfterLine,
    Extension(context): Extension<RequestContext>,
    Extension(stall_limit): Extension<StallLimit>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let format = read_import_format(&headers)?;
    let slot = gateway.imports.try_take().ok_or(ApiError::Overloaded)?;
    let mut body = body.into_data_stream();
    // The first part is read before the response begins. A caller that waits for "100 Continue" would take a response that
    // comes first for the refusal of its body.
    let first = timeout(gateway.read_timeout, body.next()).await;
    let first = first.map_err(|_| ApiError::BodyTimedOut)?;
    // Many callers send the whole file before they read anything of the response, so the connection may stall for long. Its
    // limit is a little longer than that of the import: the import should end first, since it says why.
    stall_limit.set(gateway.import_wait.mul_f32(13.0 / 12.0));
    let (reports, receiver) = report_queue(Arc::clone(&context.request_id));
    let run = ImportRun {
        users: gateway.users,
        context,
        shutdown: gateway.shutdown,
        read_timeout: gateway.read_timeout,
        max_wait: gateway.import_wait,
        after,
        reports,
        stall_limit,
        slots: gateway.imports,
        slot,
    };
    // The import is a task of its own, since it has to read the body while this response is sent.
    tokio::spawn(run.run(format, stream::iter(first).chain(body)));
    let lines = stream::unfold(receiver, async |mut receiver| {
        let line = receiver.next().await?;
        Some((Ok::<_, Infallible>(line), receiver))
    });
    let headers = [(CONTENT_TYPE, "application/x-ndjson")];
    Ok((headers, Body::from_stream(lines)).into_response())
}
