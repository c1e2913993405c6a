//! Reads a body of limited size in limited time.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, EXPECT};
use futures_util::StreamExt;
use tokio::time::timeout;

use crate::problem::ApiError;

/// The most bytes a body may have.
pub(crate) const MAX_BODY_BYTES: usize = 16 * 1024;

/// How much of a body that is too long is read and thrown away. A caller still sending when the connection closes
/// may see a reset in place of the answer; this much covers honest mistakes.
const MOST_DISCARDED_BYTES: usize = 1024 * 1024;
const DISCARD_LIMIT: Duration = Duration::from_millis(500);

/// The whole body, which has to arrive within `limit`.
pub(crate) async fn read_body(headers: &HeaderMap, body: Body, limit: Duration) -> Result<Vec<u8>, ApiError> {
    let mut stream = body.into_data_stream();
    let result = if declared_length(headers).is_some_and(|length| length > MAX_BODY_BYTES) {
        Err(ApiError::BodyTooLarge {
            limit: MAX_BODY_BYTES,
        })
    } else {
        timeout(limit, collect(&mut stream))
            .await
            .unwrap_or(Err(ApiError::BodyTimedOut))
    };
    // Who waits for "100 Continue" has not sent the body and need not.
    if matches!(result, Err(ApiError::BodyTooLarge { .. })) && !headers.contains_key(EXPECT) {
        // Whether all of it came or not, the answer is the same.
        let _ = timeout(DISCARD_LIMIT, discard(&mut stream)).await;
    }
    result
}

fn declared_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn collect(stream: &mut BodyDataStream) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| ApiError::BodyBrokeOff)?;
        if bytes.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(ApiError::BodyTooLarge {
                limit: MAX_BODY_BYTES,
            });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

async fn discard(stream: &mut BodyDataStream) {
    let mut left = MOST_DISCARDED_BYTES;
    while let Some(Ok(chunk)) = stream.next().await {
        match left.checked_sub(chunk.len()) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}
