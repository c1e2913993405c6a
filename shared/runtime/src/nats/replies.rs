//! The inbox of one connection: delivers each reply to the request that waits for it.
//!
//! The library has an inbox too, but it keeps an entry for every request that timed out for as long as the client exists. Here
//! the entry is removed with its request.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_nats::{Client, Message, SubscribeError, Subscriber};
use futures_util::StreamExt;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Message>>>>;

/// Makes reply subjects and receives the replies.
#[derive(Debug)]
pub(super) struct Replies {
    prefix: String,
    subject: String,
    next: AtomicU64,
    waiting: Waiting,
    reader: JoinHandle<()>,
}

impl Replies {
    pub(super) async fn open(client: &Client) -> Result<Self, SubscribeError> {
        let prefix = client.new_inbox();
        let subject = format!("{prefix}.*");
        let subscriber = client.subscribe(subject.clone()).await?;
        let waiting = Waiting::default();
        let reader = tokio::spawn(deliver_replies(subscriber, Arc::clone(&waiting)));
        Ok(Self {
            prefix,
            subject,
            next: AtomicU64::new(0),
            waiting,
            reader,
        })
    }

    /// The subject that the inbox subscribes to.
    pub(super) fn subject(&self) -> &str {
        &self.subject
    }

    /// Makes an entry for one reply. Dropping it removes the entry.
    pub(super) fn expect(&self) -> Expected {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = oneshot::channel();
        lock(&self.waiting).insert(number, sender);
        let subject = format!("{}.{number}", self.prefix);
        Expected {
            number,
            subject,
            receiver,
            waiting: Arc::clone(&self.waiting),
        }
    }

    /// How many replies are waited for.
    pub(super) fn waiting(&self) -> usize {
        lock(&self.waiting).len()
    }
}

/// The subscription keeps the client alive, so it has to end with the last user of the connection.
impl Drop for Replies {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// One reply that is waited for.
pub(super) struct Expected {
    number: u64,
    subject: String,
    receiver: oneshot::Receiver<Message>,
    waiting: Waiting,
}

impl Expected {
    pub(super) fn subject(&self) -> &str {
        &self.subject
    }

    /// The reply; `None` when the connection was closed for good.
    pub(super) async fn receive(&mut self) -> Option<Message> {
        (&mut self.receiver).await.ok()
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        lock(&self.waiting).remove(&self.number);
    }
}

async fn deliver_replies(mut subscriber: Subscriber, waiting: Waiting) {
    while let Some(message) = subscriber.next().await {
        let number = message
            .subject
            .rsplit('.')
            .next()
            .and_then(|token| token.parse().ok());
        // If nobody waits for the reply any more, it came after the caller's time-out.
        if let Some(sender) = number.and_then(|number: u64| lock(&waiting).remove(&number)) {
            let _ = sender.send(message);
        }
    }
    lock(&waiting).clear();
}

fn lock(waiting: &Waiting) -> MutexGuard<'_, HashMap<u64, oneshot::Sender<Message>>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}
