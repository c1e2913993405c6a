//! Makes users due whose announcement failed.

use std::time::Duration;

use contracts::UserId;
use runtime::Backoff;
use tokio::{sync::mpsc, time::Instant};

use crate::writer::{Work, WriterHandle};

/// How many users are made due in one commit.
const USERS_PER_COMMIT: usize = 500;
/// What fails again soon after it was made due waits longer each time, so that a stream that takes nothing does not
/// keep the database busy.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Makes users due as their announcements fail, many in one commit.
pub(crate) async fn wake_failed(mut failed: mpsc::Receiver<UserId>, writer: WriterHandle) {
    let mut backoff = Backoff::new(SHORTEST_PAUSE, LONGEST_PAUSE);
    let mut users = Vec::with_capacity(USERS_PER_COMMIT);
    let mut last = Instant::now();
    while failed.recv_many(&mut users, USERS_PER_COMMIT).await > 0 {
        if last.elapsed() > 2 * LONGEST_PAUSE {
            backoff.reset();
        }
        tokio::time::sleep(backoff.next_delay()).await;
        // Those that failed meanwhile go along.
        while users.len() < USERS_PER_COMMIT
            && let Ok(user) = failed.try_recv()
        {
            users.push(user);
        }
        // Refused or failed, the rows' own wake-ups remain.
        let _ = writer.ask(Work::WakeNow(std::mem::take(&mut users)), None).await;
        last = Instant::now();
    }
}
