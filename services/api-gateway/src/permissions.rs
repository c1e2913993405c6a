//! Finds out at start whether NATS lets the gateway do its work. The server tells of a forbidden subject only by the
//! way, so that each later request would look like a user service that does not answer.

use std::time::Duration;

use async_nats::HeaderMap;
use bytes::Bytes;
use contracts::{access, headers, subjects};
use futures_util::future::join_all;
use runtime::nats::{Nats, Violation};

/// A server says "forbidden" at once; a user service that is slow to answer is no reason to wait longer.
const LIMIT: Duration = Duration::from_secs(1);

/// What the server forbids, of all that the gateway needs.
///
/// The requests are refused by any user service: they have expired and they are empty.
pub(crate) async fn find_forbidden(nats: &Nats) -> Option<Violation> {
    let requests: Vec<String> = access::API_GATEWAY
        .requests()
        .map(str::to_owned)
        .chain([ping_subject()])
        .collect();
    // Held until the answers below are in: the server speaks of what it forbids in the order in which it was asked.
    let notices = access::API_GATEWAY.listens();
    let _listening = join_all(notices.map(|subject| nats.client().subscribe(subject))).await;
    join_all(requests.iter().map(|subject| async move {
        let mut expired = HeaderMap::new();
        expired.insert(headers::TIME_LEFT_MS, "0");
        // Whatever comes back, what is forbidden stands in the state.
        let _ = nats.request(subject, expired, Bytes::new(), LIMIT).await;
    }))
    .await;
    nats.state().borrow().violations.first().cloned()
}

/// Where the user service says that it is there, whatever its requests.
pub(crate) fn ping_subject() -> String {
    format!("$SRV.PING.{}", subjects::USER_SERVICE)
}
