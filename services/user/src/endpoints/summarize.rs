//! `users.sync.summary`: how all users stand together.

use contracts::{MAX_PROBLEM_COUNTS, ProblemCount, ServiceError, UserId, UsersSummary};
use serde::{Deserialize, Serialize};

use super::Context;
use crate::{
    store::{Counts, ProblemTotal},
    time::rfc3339,
    writer::Deadline,
};

/// Nothing is asked but how it stands.
#[derive(Serialize, Deserialize)]
pub(super) struct Nothing {}

pub(super) async fn summarize(
    context: Context,
    _: Nothing,
    _: Deadline,
) -> Result<UsersSummary, ServiceError> {
    let counts = context.count().await?;
    Ok(summary(&counts))
}

fn summary(counts: &Counts) -> UsersSummary {
    let mut troubles: Vec<ProblemCount> = counts.problems.iter().filter_map(trouble).collect();
    troubles.sort_by_key(|trouble| std::cmp::Reverse(trouble.users));
    let in_all = troubles.iter().map(|trouble| trouble.users).sum();
    troubles.truncate(MAX_PROBLEM_COUNTS);
    let age = counts.oldest_pending.map(|at| counts.now.saturating_sub(at));
    UsersSummary {
        pending: counts.pending,
        resending: counts.resending,
        oldest_pending: counts.oldest_pending.map(rfc3339),
        oldest_pending_age_ms: age.map(|age| u64::try_from(age).unwrap_or_default()),
        problems: troubles,
        users_with_problems: in_all,
        counted_at: rfc3339(counts.now),
    }
}

fn trouble(count: &ProblemTotal) -> Option<ProblemCount> {
    Some(ProblemCount {
        state: count.state(),
        reason: Some(count.reason.clone()).filter(|reason| !reason.is_empty()),
        users: u64::try_from(count.users).unwrap_or_default(),
        example: count.example.parse::<UserId>().ok()?,
    })
}
