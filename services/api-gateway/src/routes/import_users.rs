//! `POST /users/import`: many users as they are to be, a line for each.

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::mpsc;

use super::Gateway;
use crate::import::Import;
use crate::problem::ApiError;
use crate::request::{AfterQuery, RequestContext, read_import_form};

/// Reports that wait for a caller to read them; then the import waits, too.
const REPORTS_WAITING: usize = 16;

pub(super) async fn import_users(
    State(gateway): State<Gateway>,
    AfterQuery(after): AfterQuery,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let form = read_import_form(&headers)?;
    let place = gateway
        .imports
        .try_acquire_owned()
        .map_err(|_| ApiError::Overloaded)?;
    let (reports, reported) = mpsc::channel(REPORTS_WAITING);
    let import = Import {
        users: gateway.users,
        context,
        shutdown: gateway.shutdown,
        read_timeout: gateway.read_timeout,
        after,
        reports,
        _place: place,
    };
    tokio::spawn(import.run(form, body.into_data_stream()));
    let reports = stream::unfold(reported, async |mut reported| {
        let report = reported.recv().await?;
        Some((report, reported))
    });
    let headers = [(CONTENT_TYPE, "application/x-ndjson")];
    Ok((headers, Body::from_stream(reports)).into_response())
}
