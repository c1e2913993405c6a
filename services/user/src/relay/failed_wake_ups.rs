//! Makes users due whose wake-ups could not be published.

use std::time::Duration;

use contracts::UserId;
use runtime::Backoff;
use tokio::{sync::mpsc, time::Instant};

use crate::{commit::CommitQueue, operations::WakeUsers};

/// The maximum number of users that one commit makes due.
const MAX_USERS_PER_COMMIT: usize = 500;
/// The shortest and the longest pause before a commit. It doubles while wake-ups keep failing, so that a stream that accepts
/// none does not keep the database busy.
const MIN_PAUSE: Duration = Duration::from_millis(50);
const MAX_PAUSE: Duration = Duration::from_secs(10);

/// Makes users due as their wake-ups fail, many in one commit.
pub(crate) async fn wake_failed(mut failed: mpsc::Receiver<UserId>, commits: CommitQueue) {
    let mut backoff = Backoff::new(MIN_PAUSE, MAX_PAUSE);
    let mut users = Vec::with_capacity(MAX_USERS_PER_COMMIT);
    let mut last = Instant::now();
    while failed.recv_many(&mut users, MAX_USERS_PER_COMMIT).await > 0 {
        if last.elapsed() > 2 * MAX_PAUSE {
            backoff.reset();
        }
        tokio::time::sleep(backoff.next_delay()).await;
        // Users whose wake-ups failed during the pause share the commit.
        while users.len() < MAX_USERS_PER_COMMIT
            && let Ok(user) = failed.try_recv()
        {
            users.push(user);
        }
        // If the commit fails, the rows' own wake-up times remain.
        let _ = commits.run(WakeUsers(std::mem::take(&mut users)), None).await;
        last = Instant::now();
    }
}
