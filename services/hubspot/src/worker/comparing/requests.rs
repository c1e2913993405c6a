//! `hubspot.compare`: comparisons on request.

use std::{sync::Arc, time::Duration};

use async_nats::{HeaderMap, Message};
use bytes::Bytes;
use contracts::{
    CompareUsers, Comparison, ErrorCode, ServiceError, headers,
    subjects::{HUBSPOT_COMPARE, USERS_COMPARE, USERS_REPAIR},
};
use futures_util::StreamExt;
use runtime::nats::{Nats, from_object};
use tokio::{sync::Semaphore, time::Instant};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Comparer, Terms};

/// Of those that listen the broker chooses one for each request, so that around a change of lease nobody has two answers.
const GROUP: &str = "hubspot";
/// The most comparisons at a time; one reads while another waits for its turn.
const AT_A_TIME: usize = 4;
/// How long a request without a deadline is worth working on.
const DEFAULT_TIME_LEFT: Duration = Duration::from_secs(30);
/// A server says "forbidden" at once.
const PERMISSION_LIMIT: Duration = Duration::from_secs(1);

/// Answers requests until it is closed, and what has arrived by then.
pub(super) async fn answer(
    nats: Nats,
    comparer: Comparer,
    account_id: String,
    answering: TaskTracker,
    closed: CancellationToken,
) {
    let requests = nats.client().queue_subscribe(HUBSPOT_COMPARE, GROUP.to_owned());
    let mut requests = match requests.await {
        Ok(requests) => requests,
        Err(error) => return tracing::error!(%error, "nobody can be answered on {HUBSPOT_COMPARE}"),
    };
    find_forbidden(&nats).await;
    let places = Arc::new(Semaphore::new(AT_A_TIME));
    let mut closing = false;
    loop {
        let request = tokio::select! {
            request = requests.next() => request,
            () = closed.cancelled(), if !closing => {
                closing = true;
                // What has arrived is answered still.
                if requests.unsubscribe().await.is_err() {
                    return;
                }
                continue;
            }
        };
        let Some(request) = request else { return };
        let (nats, comparer, account_id) = (nats.clone(), comparer.clone(), account_id.clone());
        let (places, closed) = (Arc::clone(&places), closed.clone());
        answering.spawn(async move {
            let Some(reply) = request.reply.clone() else {
                return;
            };
            let result = match places.try_acquire() {
                Ok(_place) => compare(&comparer, &account_id, &closed, &request).await,
                Err(_) => Err(unavailable("as many comparisons as may are under way; ask again")),
            };
            respond(&nats, reply, result).await;
        });
    }
}

async fn compare(
    comparer: &Comparer,
    account_id: &str,
    closed: &CancellationToken,
    request: &Message,
) -> Result<Comparison, ServiceError> {
    let left = time_left(request.headers.as_ref());
    if left.is_zero() {
        let message = "the caller's deadline passed before the request was read; nothing was done";
        return Err(ServiceError::new(ErrorCode::Expired, message));
    }
    let compare: CompareUsers = from_object(&request.payload).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let message = format!("the request does not fit its contract at line {line}, column {column}");
        ServiceError::new(ErrorCode::InvalidRequest, message)
    })?;
    let terms = Terms {
        closed,
        account_id,
        even_paused: true,
        until: Instant::now() + left,
    };
    comparer.compare(&compare, terms).await
}

fn time_left(found: Option<&HeaderMap>) -> Duration {
    let left = found.and_then(|found| found.get(headers::TIME_LEFT_MS));
    let left = left.and_then(|left| left.as_str().parse().ok());
    left.map_or(DEFAULT_TIME_LEFT, Duration::from_millis)
        .min(Duration::from_hours(1))
}

async fn respond(nats: &Nats, reply: async_nats::Subject, result: Result<Comparison, ServiceError>) {
    let mut found = HeaderMap::new();
    let body = match &result {
        Ok(comparison) => serde_json::to_vec(comparison),
        Err(error) => {
            // A line break would begin another header.
            found.insert(headers::SERVICE_ERROR, runtime::one_line(&error.message).as_ref());
            found.insert(headers::SERVICE_ERROR_CODE, error.code.number().to_string());
            serde_json::to_vec(error)
        }
    };
    let body = Bytes::from(body.expect("contracts have text keys"));
    let sent = nats.client().publish_with_headers(reply, found, body).await;
    if let Err(error) = sent {
        tracing::warn!(%error, "a comparison could not be answered");
    }
}

/// What the server forbids it says only by the way, which ends the service: better now than at the first comparison.
/// The requests have expired and are empty, so that they do nothing.
async fn find_forbidden(nats: &Nats) {
    for subject in [USERS_COMPARE, USERS_REPAIR] {
        let mut expired = HeaderMap::new();
        expired.insert(headers::TIME_LEFT_MS, "0");
        let asked = nats
            .request(subject, expired, Bytes::new(), PERMISSION_LIMIT)
            .await;
        tracing::trace!(subject, answered = asked.is_ok(), "asked whether it is allowed");
    }
}

fn unavailable(message: &str) -> ServiceError {
    ServiceError::new(ErrorCode::Unavailable, message)
}
