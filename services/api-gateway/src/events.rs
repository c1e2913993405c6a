//! What browsers watch: changes as they are accepted and settled, and how everything stands.
//!
//! Each frame is made once, whoever watches. A browser that does not keep up misses frames; nothing waits for it. From
//! half a minute after the last browser on, nothing is listened to.

mod collected;
mod frame;
mod frames;
mod status;
mod watching;

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::SubscribeError;
use bytes::Bytes;
use contracts::subjects;
use futures_util::StreamExt;
use runtime::nats::Nats;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::permissions::ping_subject;
use crate::routes::Gateway;
use collected::Collected;
use frame::Frame;
use frames::Frames;
use status::Status;

pub(crate) use frame::EventId;
pub(crate) use watching::Watching;

/// The most browsers that watch at a time.
const MOST_WATCHING: usize = 256;
/// The pause between two frames of changes.
const EVERY: Duration = Duration::from_millis(200);
/// The pause between two looks at how everything stands.
const STATUS_EVERY: Duration = Duration::from_secs(1);
/// So long after the last browser events are listened to still: it may be back in a moment.
const LINGER: Duration = Duration::from_secs(30);
/// How long the server may take to know that the gateway listens. Only a user service that is silent makes it so long.
const KNOWN_WITHIN: Duration = Duration::from_millis(500);
/// How long the first browser waits for the listening to begin, which takes a moment where NATS is there.
const BEGIN_WITHIN: Duration = Duration::from_secs(2);

/// The frames, and who watches. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Events {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    frames: Mutex<Frames>,
    status: watch::Sender<Option<Frame>>,
    /// How many watch.
    watching: watch::Sender<usize>,
    is_listening: watch::Sender<bool>,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            shared: Arc::new(Shared {
                frames: Mutex::default(),
                status: watch::Sender::new(None),
                watching: watch::Sender::new(0),
                is_listening: watch::Sender::new(false),
            }),
        }
    }
}

impl Events {
    /// A place to watch from, on from that event where what followed it is remembered; none where all are taken.
    pub(crate) async fn watch(&self, last: Option<EventId>) -> Option<Watching> {
        let place = Place::take(&self.shared)?;
        let mut is_listening = self.shared.is_listening.subscribe();
        let _ = timeout(BEGIN_WITHIN, is_listening.wait_for(|is_listening| *is_listening)).await;
        let frames = self.shared.frames();
        let missed = last.and_then(|last| frames.after(last));
        let known = last.filter(|_| missed.is_some());
        Some(Watching::new(
            place,
            known.unwrap_or_else(|| frames.last()),
            missed,
            frames.subscribe(),
            self.shared.status.subscribe(),
        ))
    }

    /// Makes frames of the notices that come whenever somebody watches, for as long as the connection lives.
    pub(crate) async fn listen(&self, nats: &Nats) -> Result<(), SubscribeError> {
        let mut watching = self.shared.watching.subscribe();
        while watching.wait_for(|watching| *watching > 0).await.is_ok() {
            self.shared.frames().begin();
            let ended = tokio::select! {
                ended = self.collect(nats) => ended,
                () = nobody_watches(&mut watching) => Ok(()),
            };
            self.shared.is_listening.send_replace(false);
            ended?;
        }
        Ok(())
    }

    async fn collect(&self, nats: &Nats) -> Result<(), SubscribeError> {
        let mut accepted = nats.client().subscribe(subjects::USERS_ACCEPTED).await?;
        let mut settled = nats.client().subscribe(subjects::USERS_RESOLVED).await?;
        // What is published before the server knows of this is missed. It works on what a connection sends in its order, so
        // that whatever answers this comes after it.
        let answer = nats.client().request(ping_subject(), Bytes::new());
        let _ = timeout(KNOWN_WITHIN, answer).await;
        self.shared.is_listening.send_replace(true);
        let mut collected = Collected::default();
        let mut next_at = Instant::now();
        loop {
            tokio::select! {
                Some(message) = accepted.next() => collected.accepted(&message.payload),
                Some(message) = settled.next() => collected.settled(&message.payload),
                () = sleep_until(next_at), if !collected.is_empty() => {
                    self.shared.frames().publish(&std::mem::take(&mut collected));
                    next_at = Instant::now() + EVERY;
                }
                else => return Ok(()),
            }
        }
    }

    /// Looks how everything stands, once a second while somebody watches.
    pub(crate) async fn look(&self, gateway: &Gateway) -> Infallible {
        let mut watching = self.shared.watching.subscribe();
        loop {
            if *watching.borrow_and_update() == 0 {
                // By the time somebody comes, it is old.
                self.shared.status.send_replace(None);
            }
            // The sender lives as long as this.
            let _ = watching.wait_for(|watching| *watching > 0).await;
            let status = Status::of(gateway).await;
            self.shared.status.send_replace(Some(Frame::of_status(&status)));
            sleep(STATUS_EVERY).await;
        }
    }
}

/// Comes to its end when nobody has watched for a while.
async fn nobody_watches(watching: &mut watch::Receiver<usize>) {
    loop {
        // The sender lives as long as whoever calls this.
        let _ = watching.wait_for(|watching| *watching == 0).await;
        let back = watching.wait_for(|watching| *watching > 0);
        if timeout(LINGER, back).await.is_err() {
            return;
        }
    }
}

impl Shared {
    fn frames(&self) -> MutexGuard<'_, Frames> {
        self.frames.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A browser's place among those that watch. It is given back when this is dropped.
#[derive(Debug)]
struct Place(Arc<Shared>);

impl Place {
    fn take(shared: &Arc<Shared>) -> Option<Self> {
        let is_free = shared.watching.send_if_modified(|watching| {
            let is_free = *watching < MOST_WATCHING;
            *watching += usize::from(is_free);
            is_free
        });
        is_free.then(|| Self(Arc::clone(shared)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.watching.send_modify(|watching| *watching -= 1);
    }
}
