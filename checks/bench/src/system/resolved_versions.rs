//! Listens for the versions that the user service reports as resolved.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context, ensure};
use contracts::{Notice, ResolvedNotice, SyncState};
use futures_util::StreamExt;
use jiff::Timestamp;
use tokio::task::JoinHandle;

use crate::system::gateway::AcceptedChange;

/// How often the waits below check for new notices. The recorded times do not depend on this.
const INTERVAL: Duration = Duration::from_millis(5);

/// The versions that were resolved since the start.
#[derive(Debug)]
pub struct ResolvedVersions {
    known: Arc<Mutex<ResolvedByUser>>,
    listener: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct ResolvedByUser {
    latest: HashMap<String, Resolved>,
    /// The first user whose change was not confirmed.
    failure: Option<String>,
}

/// The latest resolved version of a user, and when its notice arrived.
#[derive(Debug, Clone, Copy)]
struct Resolved {
    version: u64,
    at: Timestamp,
}

impl ResolvedVersions {
    /// Starts to listen.
    pub async fn listen(nats_url: &str) -> anyhow::Result<Self> {
        let client = async_nats::connect(nats_url).await.context("NATS")?;
        let mut notices = client.subscribe(ResolvedNotice::SUBJECT).await.context("NATS")?;
        client.flush().await.context("NATS")?;
        let known = Arc::new(Mutex::new(ResolvedByUser::default()));
        let shared = Arc::clone(&known);
        let listener = tokio::spawn(async move {
            while let Some(message) = notices.next().await {
                let at = Timestamp::now();
                if let Ok(notice) = serde_json::from_slice::<ResolvedNotice>(&message.payload) {
                    lock(&shared).record(notice, at);
                }
            }
        });
        Ok(Self { known, listener })
    }

    /// Waits until a change is confirmed, and returns when that was.
    pub async fn wait_for(&self, change: &AcceptedChange) -> anyhow::Result<Timestamp> {
        loop {
            if let Some(at) = self.confirmed_at(change)? {
                return Ok(at);
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }

    /// Waits until this many users with this prefix are confirmed at this version or a later one.
    pub async fn wait_for_all(&self, prefix: &str, count: usize, version: u64) -> anyhow::Result<()> {
        while self.count(prefix, version)? < count {
            // Counting goes through all users, so it happens less often.
            tokio::time::sleep(INTERVAL * 50).await;
        }
        Ok(())
    }

    /// The number of users with this prefix that are confirmed at this version or a later one.
    pub fn count(&self, prefix: &str, version: u64) -> anyhow::Result<usize> {
        let known = lock(&self.known);
        known.check()?;
        let counts = |(user, resolved_version): &(&String, &Resolved)| {
            resolved_version.version >= version && user.starts_with(prefix)
        };
        Ok(known.latest.iter().filter(counts).count())
    }

    fn confirmed_at(&self, change: &AcceptedChange) -> anyhow::Result<Option<Timestamp>> {
        let known = lock(&self.known);
        known.check()?;
        let resolved_version = known.latest.get(&change.user_id);
        Ok(resolved_version
            .filter(|resolved_version| resolved_version.version >= change.version)
            .map(|resolved_version| resolved_version.at))
    }
}

impl Drop for ResolvedVersions {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl ResolvedByUser {
    fn record(&mut self, notice: ResolvedNotice, at: Timestamp) {
        for user in notice.users {
            let user_id = user.user_id.to_string();
            if user.state != SyncState::Confirmed {
                self.failure
                    .get_or_insert(format!("{user_id} is {:?}", user.state));
            }
            let version = user.version;
            self.latest.insert(user_id, Resolved { version, at });
        }
    }

    /// Fails if a change was not confirmed: all changes can be delivered, so the figures would be wrong.
    fn check(&self) -> anyhow::Result<()> {
        let failure = self.failure.as_deref().unwrap_or_default();
        ensure!(failure.is_empty(), "a change was not confirmed: user {failure}");
        Ok(())
    }
}

fn lock(known: &Mutex<ResolvedByUser>) -> MutexGuard<'_, ResolvedByUser> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}
