//! `POST /users/import`: imports many users, one for each row of the body.

use crate::openapi::{Describe, Media, Problems, add_query_parameters};
use aide::transform::TransformOperation;
use serde_json::json;
use std::convert::Infallible;
use std::sync::Arc;

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::Operation;
use axum::Extension;
use axum::body::Body;
use axum::extract::{FromRequestParts, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use tokio::time::timeout;

use crate::import::{ImportRun, report_line_schema, report_queue};
use crate::request::{QueryParameters, RequestContext, read_import_format};
use crate::response::ApiError;
use crate::routes::Gateway;
use crate::server::StallLimit;

/// The `after` parameter: the last line of the last row that was imported before. Rows up to it are skipped.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::routes) struct AfterLine(u64);

impl OperationInput for AfterLine {
    fn operation_input(_: &mut GenContext, operation: &mut Operation) {
        add_query_parameters(
            operation,
            json!([{
                "name": "after", "in": "query",
                "description": "Rows up to this line were imported before and are skipped: `throughLine` of a report. A line within a row is \
                    rejected, and nothing is imported.",
                "schema": { "type": "integer", "format": "int64", "minimum": 0, "default": 0 }, "example": 12000
            }]),
        );
    }
}

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
    let fields = gateway.services.fields().await?;
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
        services: gateway.services,
        context,
        shutdown: gateway.shutdown,
        read_timeout: gateway.read_timeout,
        max_wait: gateway.import_wait,
        after,
        reports,
        stall_limit,
        slots: gateway.imports,
        fields,
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

/// Describes the operation for the API document.
pub(in crate::routes) fn describe_import_users(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .describe("importUsers", "Users", "Import many users",
            "Each row gives the values of a user. Absent fields stay unchanged. In NDJSON null clears a name; in CSV an empty value counts as absent, \
             and the first row names the columns. In CSV (RFC 4180, commas) a quoted value may contain line breaks; a row with wrong quoting is rejected. \
             A rejected row is named by the line on which it begins; LF, CR LF and CR each end a line, also within quotes. A row may have 16 KiB; the \
             body has no limit. Unchanged users are skipped, so you can run the same import again. Imports have lower priority than changes by \
             `PATCH`.\n\nThe response starts while the body is being sent: reports on rows that are stored, with at most a hundred rejected rows each, and \
             a last line that says whether every row was read. A caller may send the whole body before it reads: waiting reports are kept, up to 4 MiB \
             (about 250,000 rejected rows). A caller that then reads nothing for a minute loses its connection. At most four imports run at a time. \
             `GET` and `PATCH` at this path are those of a user with the id `import`.")
        .headers(&["requestId", "traceparent"])
        .body("application/x-ndjson", Media::lines(&json!({ "$ref": "#/components/schemas/ImportRow" })).example(
            "{\"userId\":\"1\",\"email\":\"bh@hubspot.com\",\"firstName\":\"Brian\"}\n{\"userId\":\"2\",\"lastName\":null}\n"))
        .body("text/csv", Media::described_text("The columns are `userId`, `email`, `firstName` and `lastName`, in any order, and written exactly so.").example(
            "userId,email,firstName,lastName\n1,bh@hubspot.com,Brian,\n2,emailmaria@hubspot.com,Maria,Johnson\n"))
        .responds(200, "The import has begun. The last line says how it ended.", &[], "application/x-ndjson",
            Media::lines(&report_line_schema()).example(
                "{\"throughLine\":100,\"changed\":97,\"unchanged\":2,\"rejected\":1,\"rejectedLines\":[{\"line\":17,\"detail\":\"the row breaks 1 \
                 rule(s)\",\"errors\":[{\"pointer\":\"/email\",\"detail\":\"must be an e-mail address such as ada@example.com\"}]}]}\n\
                 {\"done\":true,\"throughLine\":100,\"changed\":97,\"unchanged\":2,\"rejected\":1}\n"))
        .problems(&[
            Problems::INVALID_PARAMETER, Problems::BODY_TIMED_OUT, Problems::UNSUPPORTED_MEDIA_TYPE, Problems::INTERNAL, Problems::OVERLOADED,
        ])
}
