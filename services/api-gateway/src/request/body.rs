//! Reads a body of limited size in limited time.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, EXPECT};
use futures_util::StreamExt;
use tokio::time::timeout;

use crate::response::ApiError;

/// How many bytes a body may have.
const MAX_BODY_BYTES: usize = 16 * 1024;

/// How many bytes of a body that is too long are read and thrown away. A caller that is still sending when the connection
/// closes may see a reset instead of the response; this covers honest mistakes.
const MAX_DISCARDED_BYTES: usize = 1024 * 1024;
/// How long that may take.
const DISCARD_TIMEOUT: Duration = Duration::from_millis(500);

/// Reads the whole body, which has to arrive within `limit`.
pub(crate) async fn read_body(headers: &HeaderMap, body: Body, limit: Duration) -> Result<Vec<u8>, ApiError> {
    let mut stream = body.into_data_stream();
    // A declared length that is too large is rejected without reading: a caller that sent `Expect: 100-continue` then need
    // not send the body at all.
    let result = if declared_length(headers).is_some_and(|length| length > MAX_BODY_BYTES) {
        Err(too_large())
    } else {
        timeout(limit, collect(&mut stream))
            .await
            .unwrap_or(Err(ApiError::BodyTimedOut))
    };
    // A caller that waits for "100 Continue" has sent nothing that could be thrown away.
    if matches!(result, Err(ApiError::BodyTooLarge { .. })) && !headers.contains_key(EXPECT) {
        // The response is the same whether all of it arrived or not.
        let _ = timeout(DISCARD_TIMEOUT, discard(&mut stream)).await;
    }
    result
}

fn too_large() -> ApiError {
    ApiError::BodyTooLarge {
        limit: MAX_BODY_BYTES,
    }
}

fn declared_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn collect(stream: &mut BodyDataStream) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| ApiError::IncompleteBody)?;
        if bytes.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

async fn discard(stream: &mut BodyDataStream) {
    let mut remaining = MAX_DISCARDED_BYTES;
    while let Some(Ok(chunk)) = stream.next().await {
        match remaining.checked_sub(chunk.len()) {
            Some(rest) => remaining = rest,
            None => return,
        }
    }
}
