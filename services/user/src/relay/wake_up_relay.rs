//! Publishes wake-ups to the stream and waits for the server to confirm each.
//!
//! Losing one does no harm: the row's wake-up time is a minute ahead, and the sweep publishes the wake-up then. If a failure is
//! noticed, the user is made due at once, as long as the service runs.

use std::time::Duration;

use async_nats::jetstream::{self, ErrorCode, context::PublishErrorKind};
use bytes::Bytes;
use contracts::{
    Notice, Priority, UserChanged, UserId, WakeUpNotice,
    subjects::{STREAM, users_changed},
};
use futures_util::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use runtime::{health::Registry, nats::Nats};
use tokio::sync::mpsc;

use super::{StreamCapacity, StreamNews};

/// The maximum number of wake-ups that wait for their confirmation; further ones wait in the channel.
const MAX_UNCONFIRMED: usize = 2_048;
/// The maximum number of wake-ups that are published again after a pause; further ones are left to the sweep.
const MAX_PAUSED: usize = 8_192;
/// The stream rejects a second wake-up of a user. An earlier one that is about to be acknowledged is gone after one of these pauses.
const PAUSES_WHILE_HELD: [Duration; 3] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_secs(1),
];
/// How long the last wake-ups may take once the committers have ended.
const FINISH_TIMEOUT: Duration = Duration::from_secs(1);

/// A wake-up to publish, and how often the stream rejected it because it holds an earlier one of this user.
struct WakeUp {
    change: UserChanged,
    rejected: usize,
}

/// The result of publishing a wake-up.
enum Published {
    /// The stream holds it.
    Held { sequence: u64 },
    /// The stream holds an earlier one of this user.
    HeldEarlier(WakeUp),
    /// It was not published.
    Failed { user_id: UserId },
    /// It may have been published. A stream that has lost its quorum still reports that it is healthy, so this is the only sign.
    Unconfirmed { user_id: UserId },
}

/// Publishes the wake-ups of committed changes, until the committers have ended.
pub(crate) struct WakeUpRelay {
    nats: Nats,
    jetstream: jetstream::Context,
    news: StreamNews,
    capacity: StreamCapacity,
    failed: mpsc::Sender<UserId>,
    health: Registry,
    /// Whether the stream left the last wake-up unconfirmed.
    is_unconfirmed: bool,
    /// Wake-ups that are published and not confirmed yet.
    unconfirmed: FuturesUnordered<BoxFuture<'static, Published>>,
    /// Wake-ups that are published again after a pause.
    paused: FuturesUnordered<BoxFuture<'static, WakeUp>>,
}

impl WakeUpRelay {
    pub(crate) fn new(
        nats: Nats,
        news: StreamNews,
        capacity: StreamCapacity,
        failed: mpsc::Sender<UserId>,
        health: Registry,
    ) -> Self {
        Self {
            jetstream: nats.jetstream(),
            nats,
            news,
            capacity,
            failed,
            health,
            is_unconfirmed: false,
            unconfirmed: FuturesUnordered::new(),
            paused: FuturesUnordered::new(),
        }
    }

    pub(crate) async fn run(mut self, mut committed: mpsc::Receiver<Vec<UserChanged>>) {
        loop {
            let may_publish = self.unconfirmed.len() < MAX_UNCONFIRMED;
            tokio::select! {
                changes = committed.recv(), if may_publish => {
                    let Some(changes) = changes else { break };
                    for change in changes {
                        self.publish(WakeUp { change, rejected: 0 }).await;
                    }
                }
                Some(wake_up) = self.paused.next(), if may_publish => self.publish_again(wake_up).await,
                Some(published) = self.unconfirmed.next() => self.handle_published(published).await,
            }
        }
        // Wake-ups that are not confirmed by then are published again at the wake-up times of their rows.
        let _ = tokio::time::timeout(FINISH_TIMEOUT, self.finish()).await;
    }

    /// Waits for the last confirmations, and for earlier wake-ups that are about to be acknowledged.
    async fn finish(&mut self) {
        loop {
            tokio::select! {
                Some(published) = self.unconfirmed.next() => self.handle_published(published).await,
                Some(wake_up) = self.paused.next() => self.publish_again(wake_up).await,
                else => return,
            }
        }
    }

    async fn publish_again(&mut self, wake_up: WakeUp) {
        self.capacity.reserve(1);
        self.publish(wake_up).await;
    }

    /// Publishes a wake-up. Its confirmation is waited for beside others.
    async fn publish(&mut self, wake_up: WakeUp) {
        // While disconnected, the client would queue it and send it much later.
        if !self.nats.is_connected() {
            let user_id = wake_up.change.user_id;
            return self.handle_published(Published::Failed { user_id }).await;
        }
        let change = &wake_up.change;
        let payload = Bytes::from(serde_json::to_vec(change).expect("ids and numbers serialize"));
        let published = self
            .jetstream
            .publish(users_changed(&change.user_id), payload)
            .await;
        let news = self.news.clone();
        self.unconfirmed.push(Box::pin(async move {
            let result = match published {
                Ok(confirmation) => confirmation.await,
                Err(error) => Err(error),
            };
            match result {
                Ok(confirmed) => Published::Held {
                    sequence: confirmed.sequence,
                },
                Err(error) if holds_earlier(&error) => Published::HeldEarlier(wake_up),
                Err(error) => {
                    let user_id = wake_up.change.user_id;
                    tracing::debug!(user.id = %user_id, %error, "a wake-up was not published; the sweep publishes it again");
                    match error.kind() {
                        PublishErrorKind::TimedOut => Published::Unconfirmed { user_id },
                        PublishErrorKind::StreamNotFound => {
                            news.report_lost();
                            Published::Failed { user_id }
                        }
                        _ => Published::Failed { user_id },
                    }
                }
            }
        }));
    }

    async fn handle_published(&mut self, published: Published) {
        self.capacity.release();
        match published {
            Published::Held { sequence } => {
                self.show_confirmation(true);
                self.news.report_confirmed(sequence);
            }
            Published::HeldEarlier(wake_up) => {
                self.show_confirmation(true);
                if wake_up.rejected == 0 && wake_up.change.priority == Priority::Live {
                    send_past_the_stream(&self.nats, &wake_up.change).await;
                }
                self.pause(wake_up);
            }
            Published::Failed { user_id } => self.report_failed(user_id),
            Published::Unconfirmed { user_id } => {
                self.show_confirmation(false);
                self.report_failed(user_id);
            }
        }
    }

    /// Shows on `/readyz` whether the stream confirms wake-ups, when that changes.
    fn show_confirmation(&mut self, is_confirmed: bool) {
        let was_confirmed = !self.is_unconfirmed;
        if is_confirmed == was_confirmed {
            return;
        }
        self.is_unconfirmed = !is_confirmed;
        let detail = if is_confirmed {
            format!("{STREAM} confirms wake-ups again")
        } else {
            format!("{STREAM} does not confirm wake-ups; changes are accepted and wait in the database")
        };
        self.health.set("stream", is_confirmed, detail);
    }

    /// Publishes a wake-up again after a pause. After the last pause it is dropped, because the earlier wake-up in the stream
    /// is enough: the user's row is read when a worker claims it.
    fn pause(&self, mut wake_up: WakeUp) {
        let pause = PAUSES_WHILE_HELD.get(wake_up.rejected).copied();
        let Some(pause) = pause.filter(|_| self.paused.len() < MAX_PAUSED) else {
            return;
        };
        wake_up.rejected += 1;
        self.paused.push(Box::pin(async move {
            tokio::time::sleep(pause).await;
            wake_up
        }));
    }

    /// Reports a wake-up that was not published, so that its user becomes due at once. If too many fail at a time, their rows keep
    /// their own wake-up times, and the sweep publishes them then.
    fn report_failed(&self, user_id: UserId) {
        let _ = self.failed.try_send(user_id);
    }
}

/// Sends a live wake-up that the stream rejected to the worker that holds the lease. The earlier wake-up may have reached that worker
/// long ago, so the worker would not look at the user again before the user's pause after a failure is over. The worker may miss it:
/// the stream is asked again after a pause, and the row has its own wake-up time.
async fn send_past_the_stream(nats: &Nats, change: &UserChanged) {
    let notice = serde_json::to_vec(&WakeUpNotice(change.clone())).expect("ids and numbers serialize");
    let subject = WakeUpNotice::SUBJECT;
    if let Err(error) = nats.client().publish(subject, notice.into()).await {
        tracing::debug!(user.id = %change.user_id, %error, "a wake-up was not sent past the stream");
    }
}

/// Whether the stream rejected a wake-up because it holds one of this user.
fn holds_earlier(error: &jetstream::context::PublishError) -> bool {
    use std::error::Error as _;
    let cause = error
        .source()
        .and_then(|source| source.downcast_ref::<jetstream::Error>());
    cause.is_some_and(|cause| {
        cause.error_code() == ErrorCode::STREAM_STORE_FAILED && cause.to_string().contains("per subject")
    })
}
