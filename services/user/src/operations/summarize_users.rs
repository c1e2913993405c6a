//! `users.sync.summary`: how many users are pending, resent, or have problems.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use contracts::{MAX_PROBLEM_COUNTS, ProblemCount, ServiceError, SummarizeUsers, UserId, UsersSummary};
use runtime::nats::Caller;
use tokio::sync::Mutex;

use super::Context;
use crate::{
    store::{Counts, ProblemTotal, StoreError, UserReader},
    time::rfc3339,
};

/// Counts younger than this are returned again instead of counting once more.
const FRESH: Duration = Duration::from_millis(500);
/// Counts are returned again for this many times as long as counting took, so that counting uses at most about a tenth of a
/// connection's time.
const MAX_SHARE: u32 = 10;

pub(super) async fn summarize_users(
    context: Context,
    _: SummarizeUsers,
    _: Caller,
) -> Result<UsersSummary, ServiceError> {
    let counts = context
        .read(context.summary.count(context.reader.as_ref()))
        .await?;
    Ok(summary(&counts))
}

/// The last counts. Counting takes the longer the more users are pending, so callers share the counts, and they are returned
/// again for a while.
#[derive(Debug, Default)]
pub(super) struct CachedCounts {
    last: Mutex<Option<(Arc<Counts>, Instant, Duration)>>,
}

impl CachedCounts {
    /// The last counts if they are fresh, or new ones. Callers that arrive while it counts wait for the same counts.
    async fn count(&self, reader: &dyn UserReader) -> Result<Arc<Counts>, StoreError> {
        let mut last = self.last.lock().await;
        if let Some((counts, at, took)) = &*last
            && at.elapsed() < FRESH.max(*took * MAX_SHARE)
        {
            return Ok(Arc::clone(counts));
        }
        let started = Instant::now();
        let counts = Arc::new(reader.count().await?);
        *last = Some((Arc::clone(&counts), Instant::now(), started.elapsed()));
        Ok(counts)
    }
}

fn summary(counts: &Counts) -> UsersSummary {
    let mut problems: Vec<ProblemCount> = counts.problems.iter().filter_map(problem_count).collect();
    problems.sort_by_key(|problem| std::cmp::Reverse(problem.users));
    let users_with_problems = problems.iter().map(|problem| problem.users).sum();
    problems.truncate(MAX_PROBLEM_COUNTS);
    let age = counts.oldest_pending.map(|at| counts.now.saturating_sub(at));
    UsersSummary {
        pending: counts.pending,
        resending: counts.resending,
        oldest_pending: counts.oldest_pending.map(rfc3339),
        oldest_pending_age_ms: age.map(|age| u64::try_from(age).unwrap_or_default()),
        problems,
        users_with_problems,
        counted_at: rfc3339(counts.now),
    }
}

fn problem_count(count: &ProblemTotal) -> Option<ProblemCount> {
    Some(ProblemCount {
        state: count.state(),
        reason: Some(count.reason.clone()).filter(|reason| !reason.is_empty()),
        users: u64::try_from(count.users).unwrap_or_default(),
        example: count.example.parse::<UserId>().ok()?,
    })
}
