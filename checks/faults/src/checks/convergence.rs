//! Waits until no user is dirty, in doubt or waiting, and the stream is empty.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use async_nats::jetstream;
use contracts::{FieldResult, UserId};
use serde::Serialize;
use user::{rules::Row, store::UserReader};

use crate::{callers::accepted_changes::Expected, system::stack::Stack};

const INTERVAL: Duration = Duration::from_millis(250);
/// How many users an error names.
const MAX_NAMED_USERS: usize = 5;

/// How the system converged.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Convergence {
    /// The time that it took, from the last late effect of a call to HubSpot, in milliseconds.
    pub after_ms: u64,
    /// How many users were dirty at the start of that time.
    pub dirty_at_first: u64,
}

/// Waits until the system has converged. Only some users may be in conflict then. The inner error names users that have not.
pub async fn wait_for_convergence(
    stack: &Stack,
    expected: &BTreeMap<String, Expected>,
    may_be_in_conflict: &BTreeSet<String>,
    within: Duration,
) -> anyhow::Result<Result<Convergence, String>> {
    let opened = user::store::open(&stack.database()).await?;
    let rest = wait(
        stack,
        opened.reader.as_ref(),
        expected,
        may_be_in_conflict,
        within,
    )
    .await;
    opened.close().await?;
    rest
}

async fn wait(
    stack: &Stack,
    reader: &dyn UserReader,
    expected: &BTreeMap<String, Expected>,
    may_be_in_conflict: &BTreeSet<String>,
    within: Duration,
) -> anyhow::Result<Result<Convergence, String>> {
    let began = Instant::now();
    let dirty_at_first = count_dirty(reader).await?;
    loop {
        let remaining = remaining(stack, reader, expected, may_be_in_conflict).await?;
        if remaining.is_empty() {
            let after_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            return Ok(Ok(Convergence {
                after_ms,
                dirty_at_first,
            }));
        }
        if began.elapsed() >= within {
            return Ok(Err(format!(
                "not converged after {within:?}: {}",
                remaining.join("; ")
            )));
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

async fn count_dirty(reader: &dyn UserReader) -> anyhow::Result<u64> {
    let counts = reader.count().await?;
    Ok(counts.pending + counts.resending)
}

/// Describes the first few users that have not converged, and the wake-ups in the stream.
async fn remaining(
    stack: &Stack,
    reader: &dyn UserReader,
    expected: &BTreeMap<String, Expected>,
    may_be_in_conflict: &BTreeSet<String>,
) -> anyhow::Result<Vec<String>> {
    let mut remaining = Vec::new();
    let count = count_dirty(reader).await?;
    if count > 0 {
        remaining.push(format!("{count} users are dirty"));
    }
    for user in expected.keys() {
        let user_id: UserId = user.parse()?;
        let Some(row) = reader.find(&user_id).await? else {
            continue;
        };
        // A conflict is tried again now and then, for ever.
        let recheck =
            row.recheck_at.is_some() && !(may_be_in_conflict.contains(user) && is_only_in_conflict(&row));
        if row.is_dirty() || row.in_doubt.is_some() || row.open_attempt.is_some() || recheck {
            remaining.push(format!(
                "{user}: dirty {:?}, in doubt {:?}, open attempt {:?}, next wake-up {:?}, recheck {:?}, failures {}, {:?}",
                row.dirty_fields(),
                row.in_doubt,
                row.open_attempt,
                row.wake_at,
                row.recheck_at,
                row.failures,
                row.last_failure
            ));
        }
        if remaining.len() > MAX_NAMED_USERS {
            return Ok(remaining);
        }
    }
    let wake_ups = wake_ups(stack).await;
    if !matches!(wake_ups, Ok(0)) {
        remaining.push(format!("wake-ups in the stream: {wake_ups:?}"));
    }
    Ok(remaining)
}

/// Whether every field that is tried again by itself is in conflict.
fn is_only_in_conflict(row: &Row) -> bool {
    let mut results = row.fields.iter().filter_map(|(_, state)| state.result.as_ref());
    results.all(|result| result.is_confirmed() || matches!(result, FieldResult::Conflict { .. }))
}

async fn wake_ups(stack: &Stack) -> Result<u64, String> {
    let url = stack.nats().await.url();
    let client = async_nats::connect(url.split(',').collect::<Vec<_>>())
        .await
        .map_err(|error| error.to_string())?;
    let stream = jetstream::new(client).get_stream("USERS").await;
    let stream = stream.map_err(|error| error.to_string())?;
    Ok(stream.cached_info().state.messages)
}
