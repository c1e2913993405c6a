//! Announces users on the stream, each announcement confirmed by the server.
//!
//! Losing one is harmless: the row's wake-up lies a minute ahead and the sweep announces it then. Where a failure is
//! noticed, the row is made due at once instead.

use std::time::Duration;

use async_nats::jetstream::{self, ErrorCode, context::PublishErrorKind};
use bytes::Bytes;
use contracts::{UserChanged, UserId, subjects::users_changed};
use futures_util::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use runtime::{Shutdown, nats::Nats};
use tokio::sync::mpsc;

use crate::{
    keeper::StreamNews,
    writer::{Work, WriterHandle},
};

/// The most announcements whose confirmation is awaited; more wait in the channel.
const IN_FLIGHT: usize = 2_048;
/// A wake-up that is about to be acknowledged refuses the next one for the same user; by then it is gone.
const PAUSES_WHILE_TAKEN: [Duration; 3] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_secs(1),
];

/// What became of an announcement.
enum Announced {
    /// The stream holds it.
    Held { sequence: u64 },
    /// The stream holds an earlier one of this user.
    Taken { change: UserChanged, tries: usize },
    /// It was not announced.
    Failed { user_id: UserId },
}

type Pending = FuturesUnordered<BoxFuture<'static, Announced>>;

/// Announces what the writer committed, until the writer is gone or the shutdown comes.
pub(crate) struct Relay {
    pub(crate) nats: Nats,
    pub(crate) writer: WriterHandle,
    pub(crate) news: StreamNews,
}

impl Relay {
    pub(crate) async fn run(self, mut committed: mpsc::Receiver<Vec<UserChanged>>, shutdown: Shutdown) {
        let jetstream = self.nats.jetstream();
        let mut pending = Pending::new();
        loop {
            tokio::select! {
                changes = committed.recv(), if pending.len() < IN_FLIGHT => match changes {
                    Some(changes) => {
                        for change in changes {
                            let confirmation = self.announce(&jetstream, change, 0).await;
                            pending.push(confirmation);
                        }
                    }
                    None => break,
                },
                Some(announced) = pending.next() => self.settle(&jetstream, announced, &pending),
                () = shutdown.triggered() => break,
            }
        }
        // What is still unconfirmed now is announced again by the sweep of the next start.
        let rest = async { while pending.next().await.is_some() {} };
        let _ = tokio::time::timeout(Duration::from_secs(1), rest).await;
    }

    /// Publishes; the future waits for the confirmation.
    async fn announce(
        &self,
        jetstream: &jetstream::Context,
        change: UserChanged,
        tries: usize,
    ) -> BoxFuture<'static, Announced> {
        let payload = Bytes::from(serde_json::to_vec(&change).expect("ids and numbers serialize"));
        // The client would queue it and send it whenever it is connected again.
        if !self.nats.is_connected() {
            return Box::pin(async {
                Announced::Failed {
                    user_id: change.user_id,
                }
            });
        }
        let published = jetstream.publish(users_changed(&change.user_id), payload).await;
        let news = self.news.clone();
        Box::pin(async move {
            let result = match published {
                Ok(confirmation) => confirmation.await,
                Err(error) => Err(error),
            };
            match result {
                Ok(confirmed) => Announced::Held {
                    sequence: confirmed.sequence,
                },
                Err(error) if is_taken(&error) => Announced::Taken { change, tries },
                Err(error) => {
                    if error.kind() == PublishErrorKind::StreamNotFound {
                        news.lost();
                    }
                    tracing::debug!(user.id = %change.user_id, %error, "not announced; left to the sweep");
                    Announced::Failed {
                        user_id: change.user_id,
                    }
                }
            }
        })
    }

    fn settle(&self, jetstream: &jetstream::Context, announced: Announced, pending: &Pending) {
        match announced {
            Announced::Held { sequence } => self.news.saw(sequence),
            Announced::Taken { change, tries } => {
                let Some(pause) = PAUSES_WHILE_TAKEN.get(tries).copied() else {
                    return;
                };
                let relay = Self {
                    nats: self.nats.clone(),
                    writer: self.writer.clone(),
                    news: self.news.clone(),
                };
                let jetstream = jetstream.clone();
                pending.push(Box::pin(async move {
                    tokio::time::sleep(pause).await;
                    relay.announce(&jetstream, change, tries + 1).await.await
                }));
            }
            Announced::Failed { user_id } => {
                let writer = self.writer.clone();
                // Refused or failed, the row's own wake-up remains.
                tokio::spawn(async move { writer.ask(Work::WakeNow(vec![user_id]), None).await });
            }
        }
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
