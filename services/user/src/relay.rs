//! Announces users on the stream, each announcement confirmed by the server.
//!
//! Losing one is harmless: the row's wake-up lies a minute ahead and the sweep announces it then. Where a failure is
//! noticed, the row is made due at once instead, as long as the service runs.

mod wake;

use std::time::Duration;

use async_nats::jetstream::{self, ErrorCode, context::PublishErrorKind};
use bytes::Bytes;
use contracts::{
    UserChanged, UserId,
    subjects::{STREAM, users_changed},
};
use futures_util::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use runtime::{health::Registry, nats::Nats};
use tokio::sync::mpsc;

use crate::{keeper::StreamNews, room::StreamCapacity};

pub(crate) use wake::wake_failed;

/// The most announcements whose confirmation is awaited; more wait in the channel.
const IN_FLIGHT: usize = 2_048;
/// The most users whose wake-up is waited for to go; of more, the sweep takes care.
const PAUSED: usize = 8_192;
/// A wake-up that is about to be acknowledged refuses the next one for the same user; by then it is gone.
const PAUSES_WHILE_TAKEN: [Duration; 3] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_secs(1),
];
/// How long the last announcements may take once the writer has ended.
const LAST_ANNOUNCEMENTS: Duration = Duration::from_secs(1);

/// An announcement, and how often it was refused since the stream holds an earlier one of this user.
struct Announcement {
    change: UserChanged,
    refused: usize,
}

/// What became of an announcement.
enum Announced {
    /// The stream holds it.
    Held { sequence: u64 },
    /// The stream holds an earlier one of this user.
    Taken(Announcement),
    /// It was not announced.
    Failed { user_id: UserId },
    /// Nobody says whether it was: a stream that lost its quorum goes on saying that it is well.
    Unconfirmed { user_id: UserId },
}

/// Announces what the writer committed, until the writer has ended.
pub(crate) struct Relay {
    nats: Nats,
    jetstream: jetstream::Context,
    news: StreamNews,
    room: StreamCapacity,
    failed: mpsc::Sender<UserId>,
    health: Registry,
    /// Whether the stream was last seen to leave announcements unconfirmed.
    unconfirmed: bool,
    /// Published, and not confirmed yet.
    pending: FuturesUnordered<BoxFuture<'static, Announced>>,
    /// To be published again after a pause.
    paused: FuturesUnordered<BoxFuture<'static, Announcement>>,
}

impl Relay {
    pub(crate) fn new(
        nats: Nats,
        news: StreamNews,
        room: StreamCapacity,
        failed: mpsc::Sender<UserId>,
        health: Registry,
    ) -> Self {
        Self {
            jetstream: nats.jetstream(),
            nats,
            news,
            room,
            failed,
            health,
            unconfirmed: false,
            pending: FuturesUnordered::new(),
            paused: FuturesUnordered::new(),
        }
    }

    pub(crate) async fn run(mut self, mut committed: mpsc::Receiver<Vec<UserChanged>>) {
        loop {
            let has_room = self.pending.len() < IN_FLIGHT;
            tokio::select! {
                changes = committed.recv(), if has_room => {
                    let Some(changes) = changes else { break };
                    for change in changes {
                        self.announce(Announcement { change, refused: 0 }).await;
                    }
                }
                Some(announcement) = self.paused.next(), if has_room => self.announce_again(announcement).await,
                Some(announced) = self.pending.next() => self.settle(announced),
            }
        }
        // What is still unconfirmed then is announced again when its wake-up comes.
        let _ = tokio::time::timeout(LAST_ANNOUNCEMENTS, self.finish()).await;
    }

    /// Waits for the last confirmations, and for wake-ups that are about to go.
    async fn finish(&mut self) {
        loop {
            tokio::select! {
                Some(announced) = self.pending.next() => self.settle(announced),
                Some(announcement) = self.paused.next() => self.announce_again(announcement).await,
                else => return,
            }
        }
    }

    async fn announce_again(&mut self, announcement: Announcement) {
        self.room.begin(1);
        self.announce(announcement).await;
    }

    /// Publishes, and leaves the confirmation among what is pending.
    async fn announce(&mut self, announcement: Announcement) {
        // The client would queue it and send it whenever it is connected again.
        if !self.nats.is_connected() {
            let user_id = announcement.change.user_id;
            return self.settle(Announced::Failed { user_id });
        }
        let change = &announcement.change;
        let payload = Bytes::from(serde_json::to_vec(change).expect("ids and numbers serialize"));
        let published = self
            .jetstream
            .publish(users_changed(&change.user_id), payload)
            .await;
        let news = self.news.clone();
        self.pending.push(Box::pin(async move {
            let result = match published {
                Ok(confirmation) => confirmation.await,
                Err(error) => Err(error),
            };
            match result {
                Ok(confirmed) => Announced::Held {
                    sequence: confirmed.sequence,
                },
                Err(error) if is_taken(&error) => Announced::Taken(announcement),
                Err(error) => {
                    let user_id = announcement.change.user_id;
                    tracing::debug!(user.id = %user_id, %error, "not announced; left to the sweep");
                    match error.kind() {
                        PublishErrorKind::TimedOut => Announced::Unconfirmed { user_id },
                        PublishErrorKind::StreamNotFound => {
                            news.lost();
                            Announced::Failed { user_id }
                        }
                        _ => Announced::Failed { user_id },
                    }
                }
            }
        }));
    }

    fn settle(&mut self, announced: Announced) {
        self.room.end();
        match announced {
            Announced::Held { sequence } => {
                self.say_whether_confirmed(true);
                self.news.saw(sequence);
            }
            Announced::Taken(announcement) => {
                self.say_whether_confirmed(true);
                self.pause(announcement);
            }
            Announced::Failed { user_id } => self.fail(user_id),
            Announced::Unconfirmed { user_id } => {
                self.say_whether_confirmed(false);
                self.fail(user_id);
            }
        }
    }

    fn say_whether_confirmed(&mut self, confirmed: bool) {
        if self.unconfirmed != confirmed {
            return;
        }
        self.unconfirmed = !confirmed;
        let detail = if confirmed {
            format!("{STREAM} confirms announcements again")
        } else {
            format!("{STREAM} does not confirm announcements; changes are accepted and wait in the database")
        };
        self.health.set("stream", confirmed, detail);
    }

    fn pause(&self, mut announcement: Announcement) {
        let pause = PAUSES_WHILE_TAKEN.get(announcement.refused).copied();
        let Some(pause) = pause.filter(|_| self.paused.len() < PAUSED) else {
            // The wake-up in the stream will do, or the row's own.
            return;
        };
        announcement.refused += 1;
        self.paused.push(Box::pin(async move {
            tokio::time::sleep(pause).await;
            announcement
        }));
    }

    /// Where too many fail at a time, the rows' own wake-ups remain.
    fn fail(&self, user_id: UserId) {
        let _ = self.failed.try_send(user_id);
    }
}

/// Whether the stream refused it because it holds a wake-up of this user.
fn is_taken(error: &jetstream::context::PublishError) -> bool {
    use std::error::Error as _;
    let cause = error
        .source()
        .and_then(|source| source.downcast_ref::<jetstream::Error>());
    cause.is_some_and(|cause| {
        cause.error_code() == ErrorCode::STREAM_STORE_FAILED && cause.to_string().contains("per subject")
    })
}
