//! The stream of events that browsers watch: changes as they are accepted and resolved, and the status of everything.
//!
//! Each event is encoded once, however many browsers watch; a browser gets a copy of the bytes. The hub never waits for a
//! browser: one that does not keep up misses events. While nobody watches, the gateway subscribes to nothing.

mod change_batch;
mod history;
mod sse;
mod status;
mod subscription;

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::SubscribeError;
use axum::response::sse::Event;
use bytes::Bytes;
use contracts::{AcceptedNotice, Notice, ResolvedNotice};
use futures_util::StreamExt;
use runtime::nats::Nats;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::openapi::schema_value;
use crate::permissions::ping_subject;
use crate::routes::Gateway;
use change_batch::ChangeBatch;
use history::{ChangeHistory, ChangesData};
use status::Status;
use subscription::{Dropped, Hello, Subscription};

pub(crate) use sse::EventId;

/// The schema of each event's data, by the name of the event.
pub(crate) fn event_schemas() -> Value {
    json!({
        "hello": schema_value::<Hello>(),
        "changes": schema_value::<ChangesData<'_>>(),
        "status": schema_value::<Status>(),
        "dropped": schema_value::<Dropped>(),
    })
}

/// How many browsers may watch at a time.
const MAX_SUBSCRIBERS: usize = 256;
/// The shortest interval between two events of changes.
const CHANGES_INTERVAL: Duration = Duration::from_millis(200);
/// The pause between two checks of the status.
const STATUS_INTERVAL: Duration = Duration::from_secs(1);
/// How long the subscriptions are kept after the last browser, since it may come back soon.
const LINGER: Duration = Duration::from_secs(30);
/// How long to wait for proof that the server knows the subscriptions. Only a user service that does not answer pings makes
/// it take this long.
const CONFIRM_TIMEOUT: Duration = Duration::from_millis(500);
/// How long the first browser waits for the subscriptions, which take a moment while NATS is connected.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(2);

/// Makes events and hands them to the browsers that watch. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct EventHub {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    history: Mutex<ChangeHistory>,
    /// The latest status; `None` until a browser watches.
    status: watch::Sender<Option<Event>>,
    /// How many browsers watch.
    subscribers: watch::Sender<usize>,
    is_listening: watch::Sender<bool>,
}

impl Default for EventHub {
    fn default() -> Self {
        Self {
            shared: Arc::new(Shared {
                history: Mutex::default(),
                status: watch::Sender::new(None),
                subscribers: watch::Sender::new(0),
                is_listening: watch::Sender::new(false),
            }),
        }
    }
}

impl EventHub {
    /// Subscribes a browser. It continues after the event `last` if all later ones are still in the history. `None` where too
    /// many browsers watch.
    pub(crate) async fn subscribe(&self, last: Option<EventId>) -> Option<Subscription> {
        // The place is taken first, because that starts the subscriptions.
        let place = SubscriberPlace::take(&self.shared)?;
        let mut is_listening = self.shared.is_listening.subscribe();
        let _ = timeout(
            SUBSCRIBE_TIMEOUT,
            is_listening.wait_for(|is_listening| *is_listening),
        )
        .await;
        // The history and the channel are read under one lock, so that no event falls between the missed and the new ones.
        let history = self.shared.lock_history();
        let missed = last.and_then(|last| history.after(last));
        let resumed_from = last.filter(|_| missed.is_some());
        Some(Subscription::new(
            place,
            resumed_from.unwrap_or_else(|| history.last_id()),
            missed,
            history.subscribe(),
            self.shared.status.subscribe(),
        ))
    }

    /// Makes events of notices whenever somebody watches, for as long as the client lives.
    pub(crate) async fn listen(&self, nats: &Nats) -> Result<(), SubscribeError> {
        let mut subscribers = self.shared.subscribers.subscribe();
        while subscribers.wait_for(|count| *count > 0).await.is_ok() {
            // Events between the last session and this one were missed, so no browser may resume from an earlier session.
            self.shared.lock_history().begin_session();
            let ended = tokio::select! {
                ended = self.publish_changes(nats) => ended,
                () = nobody_watches(&mut subscribers) => Ok(()),
            };
            self.shared.is_listening.send_replace(false);
            ended?;
        }
        Ok(())
    }

    async fn publish_changes(&self, nats: &Nats) -> Result<(), SubscribeError> {
        let mut accepted = nats.client().subscribe(AcceptedNotice::SUBJECT).await?;
        let mut resolved = nats.client().subscribe(ResolvedNotice::SUBJECT).await?;
        // After its first event a browser must miss nothing, so the server has to know the subscriptions before. It handles the
        // commands of a connection in order, so an answer to this request proves that it knows them.
        let ping = nats.client().request(ping_subject(), Bytes::new());
        let _ = timeout(CONFIRM_TIMEOUT, ping).await;
        self.shared.is_listening.send_replace(true);
        let mut batch = ChangeBatch::default();
        let mut next_at = Instant::now();
        loop {
            tokio::select! {
                Some(message) = accepted.next() => batch.add_accepted(&message.payload),
                Some(message) = resolved.next() => batch.add_resolved(&message.payload),
                // A single change is published at once. Under load, notices are combined until the interval is over.
                () = sleep_until(next_at), if !batch.is_empty() => {
                    self.shared.lock_history().publish(&std::mem::take(&mut batch));
                    next_at = Instant::now() + CHANGES_INTERVAL;
                }
                else => return Ok(()),
            }
        }
    }

    /// Publishes the status once a second while somebody watches.
    pub(crate) async fn publish_status(&self, gateway: &Gateway) -> Infallible {
        let mut subscribers = self.shared.subscribers.subscribe();
        loop {
            if *subscribers.borrow_and_update() == 0 {
                // The status will be outdated when the next browser comes.
                self.shared.status.send_replace(None);
            }
            // The sender lives as long as this hub, so the wait cannot fail.
            let _ = subscribers.wait_for(|count| *count > 0).await;
            let status = Status::of(gateway).await;
            self.shared
                .status
                .send_replace(Some(sse::event("status", None, &status)));
            sleep(STATUS_INTERVAL).await;
        }
    }
}

/// Returns when nobody has watched for the time of [`LINGER`].
async fn nobody_watches(subscribers: &mut watch::Receiver<usize>) {
    loop {
        // The sender lives at least as long as the caller of this, so neither wait can fail.
        let _ = subscribers.wait_for(|count| *count == 0).await;
        let back = subscribers.wait_for(|count| *count > 0);
        if timeout(LINGER, back).await.is_err() {
            return;
        }
    }
}

impl Shared {
    fn lock_history(&self) -> MutexGuard<'_, ChangeHistory> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place among the browsers that watch, free again when this is dropped.
#[derive(Debug)]
struct SubscriberPlace(Arc<Shared>);

impl SubscriberPlace {
    fn take(shared: &Arc<Shared>) -> Option<Self> {
        let is_free = shared.subscribers.send_if_modified(|count| {
            let is_free = *count < MAX_SUBSCRIBERS;
            *count += usize::from(is_free);
            is_free
        });
        is_free.then(|| Self(Arc::clone(shared)))
    }
}

impl Drop for SubscriberPlace {
    fn drop(&mut self) {
        self.0.subscribers.send_modify(|count| *count -= 1);
    }
}
