//! Acknowledging wake-ups, by requests whose answer says that the server has taken them.

use std::time::Duration;

use async_nats::HeaderMap;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use runtime::nats::Nats;

use crate::engine::AckHandle;

const LIMIT: Duration = Duration::from_secs(5);
const AT_ONCE: usize = 32;

/// Acknowledges wake-ups. One that stays unacknowledged comes again, and its claim then finds nothing owed.
pub(super) async fn acknowledge(nats: Nats, acks: Vec<AckHandle>) {
    let work = |AckHandle { reply, .. }| {
        let nats = &nats;
        async move {
            let request = nats.request(&reply, HeaderMap::new(), Bytes::from_static(b"+ACK"), LIMIT);
            if let Err(error) = request.await {
                tracing::debug!(%error, "a wake-up was not acknowledged");
            }
        }
    };
    stream::iter(acks).for_each_concurrent(AT_ONCE, work).await;
}
