//! Callers who wait for a user to be settled, and the notices of the user service that end their wait.
//!
//! Notices are only listened to while somebody waits, so that a gateway that nobody waits at has no work with them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use contracts::{ResolvedNotice, UserId, subjects};
use futures_util::StreamExt;
use runtime::nats::{Nats, from_object};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

/// The most callers who wait at a time; further ones are answered at once.
const MOST_WAITING: usize = 1_024;
/// So long after the last caller notices are listened to still, since another one may follow.
const LINGER: Duration = Duration::from_secs(10);
/// How long the first caller waits for the listening to begin. Whoever misses a notice looks by himself before long.
const BEGIN_WITHIN: Duration = Duration::from_millis(200);

/// Who waits. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Settlements {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    waiting: Mutex<HashMap<UserId, Vec<Arc<Notify>>>>,
    /// How many wait.
    count: watch::Sender<usize>,
    is_listening: watch::Sender<bool>,
}

/// A caller's place. It is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Waiting {
    shared: Arc<Shared>,
    user_id: UserId,
    settled: Arc<Notify>,
}

impl Default for Settlements {
    fn default() -> Self {
        Self {
            shared: Arc::new(Shared {
                waiting: Mutex::default(),
                count: watch::Sender::new(0),
                is_listening: watch::Sender::new(false),
            }),
        }
    }
}

impl Settlements {
    /// A place to wait for that user, from now on; none where all are taken.
    pub(crate) async fn wait_for(&self, user_id: &UserId) -> Option<Waiting> {
        let settled = Arc::new(Notify::new());
        {
            let mut waiting = self.shared.waiting();
            if *self.shared.count.borrow() >= MOST_WAITING {
                return None;
            }
            waiting
                .entry(user_id.clone())
                .or_default()
                .push(Arc::clone(&settled));
            self.shared.count.send_modify(|count| *count += 1);
        }
        let place = Waiting {
            shared: Arc::clone(&self.shared),
            user_id: user_id.clone(),
            settled,
        };
        let mut is_listening = self.shared.is_listening.subscribe();
        let _ = timeout(BEGIN_WITHIN, is_listening.wait_for(|is_listening| *is_listening)).await;
        Some(place)
    }

    /// Listens whenever somebody waits, for as long as the connection lives.
    pub(crate) async fn listen(&self, nats: &Nats) -> Result<(), async_nats::SubscribeError> {
        let mut count = self.shared.count.subscribe();
        while count.wait_for(|count| *count > 0).await.is_ok() {
            let mut notices = nats.client().subscribe(subjects::USERS_RESOLVED).await?;
            // What was published before the server knew of it is missed.
            let _ = nats.client().flush().await;
            self.shared.is_listening.send_replace(true);
            loop {
                tokio::select! {
                    notice = notices.next() => match notice {
                        Some(message) => self.shared.tell(&message.payload),
                        None => return Ok(()),
                    },
                    () = nobody_waits(&mut count) => break,
                }
            }
            self.shared.is_listening.send_replace(false);
        }
        Ok(())
    }
}

/// Comes to its end when nobody has waited for a while.
async fn nobody_waits(count: &mut watch::Receiver<usize>) {
    loop {
        // The sender lives as long as whoever calls this.
        let _ = count.wait_for(|count| *count == 0).await;
        if timeout(LINGER, count.wait_for(|count| *count > 0)).await.is_err() {
            return;
        }
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, HashMap<UserId, Vec<Arc<Notify>>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, payload: &[u8]) {
        let notice: ResolvedNotice = match from_object(payload) {
            Ok(notice) => notice,
            Err(error) => {
                tracing::debug!(%error, "a notice of settled users is not understood");
                return;
            }
        };
        let waiting = self.waiting();
        for user in &notice.users {
            for settled in waiting.get(&user.user_id).into_iter().flatten() {
                settled.notify_one();
            }
        }
    }
}

impl Waiting {
    /// Comes to its end when the user was settled since it was last waited for.
    pub(crate) async fn settled(&self) {
        self.settled.notified().await;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut waiting = self.shared.waiting();
        if let Some(places) = waiting.get_mut(&self.user_id) {
            places.retain(|place| !Arc::ptr_eq(place, &self.settled));
            if places.is_empty() {
                waiting.remove(&self.user_id);
            }
        }
        self.shared.count.send_modify(|count| *count -= 1);
    }
}
