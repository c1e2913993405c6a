//! What was settled, as the user service announces it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context, ensure};
use contracts::{ResolvedNotice, SyncState, subjects::USERS_RESOLVED};
use futures_util::StreamExt;
use jiff::Timestamp;
use tokio::task::JoinHandle;

use crate::gateway::Accepted;

/// How often it is looked whether something was settled. The time at which it was does not depend on this.
const INTERVAL: Duration = Duration::from_millis(5);

/// Everything settled since the start.
#[derive(Debug)]
pub struct Settlements {
    known: Arc<Mutex<Known>>,
    listener: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Known {
    latest: HashMap<String, Settled>,
    /// The first user whose change was not confirmed.
    failure: Option<String>,
}

/// The latest version of a user that was settled, and when that was heard.
#[derive(Debug, Clone, Copy)]
struct Settled {
    version: u64,
    at: Timestamp,
}

impl Settlements {
    /// Listens from now on.
    pub async fn listen(nats_url: &str) -> anyhow::Result<Self> {
        let client = async_nats::connect(nats_url).await.context("NATS")?;
        let mut notices = client.subscribe(USERS_RESOLVED).await.context("NATS")?;
        client.flush().await.context("NATS")?;
        let known = Arc::new(Mutex::new(Known::default()));
        let shared = Arc::clone(&known);
        let listener = tokio::spawn(async move {
            while let Some(message) = notices.next().await {
                let at = Timestamp::now();
                if let Ok(notice) = serde_json::from_slice::<ResolvedNotice>(&message.payload) {
                    lock(&shared).note(notice, at);
                }
            }
        });
        Ok(Self { known, listener })
    }

    /// Waits until a change is confirmed, and says when that was.
    pub async fn wait_for(&self, change: &Accepted) -> anyhow::Result<Timestamp> {
        loop {
            if let Some(at) = self.confirmed_at(change)? {
                return Ok(at);
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }

    /// Waits until so many users whose ids begin like this are confirmed at this version or a later one.
    pub async fn wait_for_all(&self, prefix: &str, count: usize, version: u64) -> anyhow::Result<()> {
        while self.count(prefix, version)? < count {
            // Counting looks at every user.
            tokio::time::sleep(INTERVAL * 50).await;
        }
        Ok(())
    }

    /// How many users whose ids begin like this are confirmed at this version or a later one.
    pub fn count(&self, prefix: &str, version: u64) -> anyhow::Result<usize> {
        let known = lock(&self.known);
        known.check()?;
        let counts =
            |(user, settled): &(&String, &Settled)| settled.version >= version && user.starts_with(prefix);
        Ok(known.latest.iter().filter(counts).count())
    }

    fn confirmed_at(&self, change: &Accepted) -> anyhow::Result<Option<Timestamp>> {
        let known = lock(&self.known);
        known.check()?;
        let settled = known.latest.get(&change.user_id);
        Ok(settled
            .filter(|settled| settled.version >= change.version)
            .map(|settled| settled.at))
    }
}

impl Drop for Settlements {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl Known {
    fn note(&mut self, notice: ResolvedNotice, at: Timestamp) {
        for user in notice.users {
            let user_id = user.user_id.to_string();
            if user.state != SyncState::Confirmed {
                self.failure
                    .get_or_insert(format!("{user_id} is {:?}", user.state));
            }
            let version = user.version;
            self.latest.insert(user_id, Settled { version, at });
        }
    }

    /// Here everything can be delivered; what is not spoils every figure.
    fn check(&self) -> anyhow::Result<()> {
        let failure = self.failure.as_deref().unwrap_or_default();
        ensure!(failure.is_empty(), "a change was not confirmed: user {failure}");
        Ok(())
    }
}

fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}
