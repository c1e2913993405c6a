//! `POST /users/import`: many users as they are to be, a line for each.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use tokio::time::timeout;

use super::Gateway;
use crate::connection::Patience;
use crate::import::{Import, outbox};
use crate::problem::ApiError;
use crate::request::{AfterQuery, RequestContext, read_import_form};

pub(super) async fn import_users(
    State(gateway): State<Gateway>,
    AfterQuery(after): AfterQuery,
    Extension(context): Extension<RequestContext>,
    Extension(patience): Extension<Patience>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let form = read_import_form(&headers)?;
    let place = gateway.imports.begin().ok_or(ApiError::Overloaded)?;
    let mut body = body.into_data_stream();
    // Asked for before the answer begins, since who waits for "100 Continue" would take the answer for a refusal.
    let first = timeout(gateway.read_timeout, body.next()).await;
    let first = first.map_err(|_| ApiError::BodyTimedOut)?;
    // Many callers send all of a file before they read any of the answer. The connection waits for a little longer than the
    // import, so that it is the import that ends, and says why.
    patience.set(gateway.import_patience.mul_f32(13.0 / 12.0));
    let (reports, reported) = outbox(Arc::clone(&context.request_id));
    let import = Import {
        users: gateway.users,
        context,
        shutdown: gateway.shutdown,
        read_timeout: gateway.read_timeout,
        patience: gateway.import_patience,
        after,
        reports,
        connection: patience,
        imports: gateway.imports,
        place,
    };
    tokio::spawn(import.run(form, stream::iter(first).chain(body)));
    let reports = stream::unfold(reported, async |mut reported| {
        let report = reported.next().await?;
        Some((Ok::<_, Infallible>(report), reported))
    });
    let headers = [(CONTENT_TYPE, "application/x-ndjson")];
    Ok((headers, Body::from_stream(reports)).into_response())
}
