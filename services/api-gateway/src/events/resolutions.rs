//! Callers that wait until a user is resolved, and the notices of the user service that wake them.
//!
//! The gateway subscribes to the notices only while somebody waits, so that they cost nothing otherwise.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use contracts::{Notice, ResolvedNotice, UserId};
use futures_util::StreamExt;
use runtime::nats::{Nats, from_object};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

/// How many callers may wait at a time; further ones are answered at once.
const MAX_WAITERS: usize = 1_024;
/// How long the subscription is kept after the last caller, since another one often follows.
const LINGER: Duration = Duration::from_secs(10);
/// How long the first caller waits for the subscription. A caller that misses a notice reads the receipt by itself soon.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_millis(200);

type Waiters = HashMap<UserId, Vec<Arc<Notify>>>;

/// The callers that wait. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct ResolutionWaiters {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    waiters: Mutex<Waiters>,
    /// How many callers wait.
    count: watch::Sender<usize>,
    is_listening: watch::Sender<bool>,
}

/// One caller that waits. Its place becomes free when this is dropped.
#[derive(Debug)]
pub(crate) struct ResolutionWaiter {
    shared: Arc<Shared>,
    user_id: UserId,
    resolved: Arc<Notify>,
}

impl Default for ResolutionWaiters {
    fn default() -> Self {
        Self {
            shared: Arc::new(Shared {
                waiters: Mutex::default(),
                count: watch::Sender::new(0),
                is_listening: watch::Sender::new(false),
            }),
        }
    }
}

impl ResolutionWaiters {
    /// Registers a caller for the notices of a user, from now on. `None` where too many callers wait.
    pub(crate) async fn register(&self, user_id: &UserId) -> Option<ResolutionWaiter> {
        let resolved = Arc::new(Notify::new());
        {
            let mut waiters = self.shared.lock();
            // Checked under the lock, which every registration takes: the limit holds for callers that come together.
            if *self.shared.count.borrow() >= MAX_WAITERS {
                return None;
            }
            waiters
                .entry(user_id.clone())
                .or_default()
                .push(Arc::clone(&resolved));
            self.shared.count.send_modify(|count| *count += 1);
        }
        let waiter = ResolutionWaiter {
            shared: Arc::clone(&self.shared),
            user_id: user_id.clone(),
            resolved,
        };
        // The caller sends its change after this returns. Without a subscription by then, the notice would be missed.
        let mut is_listening = self.shared.is_listening.subscribe();
        let _ = timeout(
            SUBSCRIBE_TIMEOUT,
            is_listening.wait_for(|is_listening| *is_listening),
        )
        .await;
        Some(waiter)
    }

    /// Subscribes whenever somebody waits, for as long as the client lives.
    pub(crate) async fn listen(&self, nats: &Nats) -> Result<(), async_nats::SubscribeError> {
        let mut count = self.shared.count.subscribe();
        while count.wait_for(|count| *count > 0).await.is_ok() {
            let mut notices = nats.client().subscribe(ResolvedNotice::SUBJECT).await?;
            // Until the server knows the subscription, it passes on no notices.
            let _ = nats.client().flush().await;
            self.shared.is_listening.send_replace(true);
            loop {
                tokio::select! {
                    notice = notices.next() => match notice {
                        Some(message) => self.shared.wake(&message.payload),
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

/// Returns when nobody has waited for the time of [`LINGER`].
async fn nobody_waits(count: &mut watch::Receiver<usize>) {
    loop {
        // The sender lives at least as long as the caller of this, so neither wait can fail.
        let _ = count.wait_for(|count| *count == 0).await;
        if timeout(LINGER, count.wait_for(|count| *count > 0)).await.is_err() {
            return;
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiters> {
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self, payload: &[u8]) {
        let notice: ResolvedNotice = match from_object(payload) {
            Ok(notice) => notice,
            Err(error) => {
                tracing::debug!(%error, "cannot read a notice of resolved users");
                return;
            }
        };
        let waiters = self.lock();
        for user in &notice.users {
            for resolved in waiters.get(&user.user_id).into_iter().flatten() {
                // The permit is kept where the caller is not waiting right now, so no notice is lost between two waits.
                resolved.notify_one();
            }
        }
    }
}

impl ResolutionWaiter {
    /// Returns when a notice of the user has come since the last call, or since the registration.
    pub(crate) async fn notified(&self) {
        self.resolved.notified().await;
    }
}

impl Drop for ResolutionWaiter {
    fn drop(&mut self) {
        let mut waiters = self.shared.lock();
        if let Some(of_user) = waiters.get_mut(&self.user_id) {
            of_user.retain(|waiter| !Arc::ptr_eq(waiter, &self.resolved));
            if of_user.is_empty() {
                waiters.remove(&self.user_id);
            }
        }
        self.shared.count.send_modify(|count| *count -= 1);
    }
}
