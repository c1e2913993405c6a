//! Checks at start that NATS lets the gateway use the subjects it needs. The server reports a forbidden subject only as an
//! event of the connection, so each later request would look like a user service that does not answer.

use std::time::Duration;

use async_nats::HeaderMap;
use bytes::Bytes;
use contracts::{access, headers, subjects};
use futures_util::future::join_all;
use runtime::nats::{Nats, Violation};

/// How long to wait for an answer. The server reports a forbidden subject at once, so a slow user service is not waited for.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);

/// The first subject that the server forbids, of all that the gateway needs.
///
/// It sends a request to each subject. Every service rejects these requests, since they are empty and have expired.
pub(crate) async fn find_forbidden(nats: &Nats) -> Option<Violation> {
    let requests: Vec<String> = access::API_GATEWAY
        .requests()
        .map(str::to_owned)
        .chain([ping_subject()])
        .collect();
    // The server reports in the order in which it was asked. These subscriptions come first and are held until the answers
    // below arrive, so their violations are known by then.
    let notices = access::API_GATEWAY.listens();
    let _subscriptions = join_all(notices.map(|subject| nats.client().subscribe(subject))).await;
    join_all(requests.iter().map(|subject| async move {
        let mut expired = HeaderMap::new();
        expired.insert(headers::TIME_LEFT_MS, "0");
        // The answer does not matter: a violation is recorded in the state of the connection.
        let _ = nats.request(subject, expired, Bytes::new(), PROBE_TIMEOUT).await;
    }))
    .await;
    nats.state().borrow().violations.first().cloned()
}

/// The subject on which the user service answers pings, even while it accepts no requests.
pub(crate) fn ping_subject() -> String {
    format!("$SRV.PING.{}", subjects::USER_SERVICE)
}
