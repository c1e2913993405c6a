//! Acknowledges wake-ups. Each acknowledgement is a request, so that the server confirms it.

use std::time::Duration;

use async_nats::HeaderMap;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use runtime::nats::Nats;

use crate::engine::AckHandle;

const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_CONCURRENT: usize = 32;

/// Acknowledges wake-ups. If one fails, the wake-up is delivered again, and a claim of its user finds nothing dirty.
pub(super) async fn acknowledge(nats: Nats, acks: Vec<AckHandle>) {
    let acknowledge = |AckHandle { reply, .. }| {
        let nats = &nats;
        async move {
            let request = nats.request(
                &reply,
                HeaderMap::new(),
                Bytes::from_static(b"+ACK"),
                REQUEST_TIMEOUT,
            );
            if let Err(error) = request.await {
                tracing::debug!(%error, "a wake-up was not acknowledged and will be delivered again");
            }
        }
    };
    stream::iter(acks)
        .for_each_concurrent(MAX_CONCURRENT, acknowledge)
        .await;
}
