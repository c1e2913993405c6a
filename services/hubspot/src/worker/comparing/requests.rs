//! Answers requests on `hubspot.compare`.

use std::{sync::Arc, time::Duration};

use async_nats::HeaderMap;
use bytes::Bytes;
use contracts::{
    CompareUsers, Comparison, ErrorCode, ReadUsersToCompare, RepairUsers, Request, ServiceError, headers,
};
use runtime::nats::{Caller, Nats, Server};
use tokio::{sync::Semaphore, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{Comparer, ComparisonContext};

/// The broker delivers each request to one subscriber of the group, so that it gets one answer even while the lease passes
/// from one worker to another.
const QUEUE_GROUP: &str = "hubspot";
/// The maximum number of comparisons at a time. One reads from HubSpot while the others wait. Further ones are rejected.
const MAX_AT_A_TIME: usize = 4;
/// How long to wait for an answer when permissions are checked. The server reports a missing permission at once.
const PERMISSION_TIMEOUT: Duration = Duration::from_secs(1);

/// Answers requests until `closed` is cancelled, then those that have arrived.
pub(super) async fn answer(nats: Nats, comparer: Comparer, account_id: String, closed: CancellationToken) {
    let subject = CompareUsers::SUBJECT;
    let subscriber = nats.client().queue_subscribe(subject, QUEUE_GROUP.to_owned());
    let subscriber = match subscriber.await {
        Ok(subscriber) => subscriber,
        Err(error) => return tracing::error!(%error, subject, "comparisons cannot be answered"),
    };
    provoke_violations(&nats).await;
    let permits = Arc::new(Semaphore::new(MAX_AT_A_TIME));
    let server = Server::new(nats, closed.clone());
    server.answer(subscriber, move |request: CompareUsers, caller| {
        let (comparer, account_id) = (comparer.clone(), account_id.clone());
        let (permits, closed) = (Arc::clone(&permits), closed.clone());
        async move {
            let Ok(_permit) = permits.try_acquire() else {
                let message = "too many comparisons are running; try again later";
                return Err(ServiceError::new(ErrorCode::Unavailable, message));
            };
            compare(&comparer, &account_id, &closed, &request, &caller).await
        }
    });
    server.finish().await;
}

async fn compare(
    comparer: &Comparer,
    account_id: &str,
    closed: &CancellationToken,
    request: &CompareUsers,
    caller: &Caller,
) -> Result<Comparison, ServiceError> {
    let context = ComparisonContext {
        closed,
        account_id,
        even_paused: true,
        until: Instant::now() + caller.deadline.left(),
    };
    comparer.compare(request, context).await
}

/// A missing permission ends the service, and the server reports it only after a message was sent. So each subject gets a message
/// now instead of at the first comparison. The messages have expired and are empty, so nothing is done.
async fn provoke_violations(nats: &Nats) {
    for subject in [ReadUsersToCompare::SUBJECT, RepairUsers::SUBJECT] {
        let is_answered = request_expired(nats, subject, PERMISSION_TIMEOUT).await;
        tracing::trace!(subject, is_answered, "permission checked");
    }
}

/// Waits until the broker has handled everything that was sent to it before, such as the end of a subscription. It handles what one
/// connection sends in order, so this is so when it has handled a request. A flush only waits until everything is sent.
pub(super) async fn reach_broker(nats: &Nats, limit: Duration) {
    request_expired(nats, ReadUsersToCompare::SUBJECT, limit).await;
}

/// Sends an empty request that has expired, so nothing is done. Returns whether it was answered within the limit.
async fn request_expired(nats: &Nats, subject: &'static str, limit: Duration) -> bool {
    let mut expired = HeaderMap::new();
    expired.insert(headers::TIME_LEFT_MS, "0");
    nats.request(subject, expired, Bytes::new(), limit).await.is_ok()
}
