//! Waits until nobody owes, doubts or waits any more, and the stream is empty.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use async_nats::jetstream;
use contracts::UserId;
use serde::Serialize;
use user::store::UserReader;

use crate::{ledger::Expected, stack::Stack};

const INTERVAL: Duration = Duration::from_millis(250);
/// So many restless users are named.
const NAMED: usize = 5;

/// How everything came to rest.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Rest {
    /// How long that took, from when things were well and HubSpot had carried out what it was late with.
    pub after_ms: u64,
    /// How many users owed something at first.
    pub unsettled_at_first: u64,
}

/// Waits for it; the error says who does not come to rest.
pub async fn wait_for_rest(
    stack: &Stack,
    expected: &BTreeMap<String, Expected>,
    within: Duration,
) -> anyhow::Result<Result<Rest, String>> {
    let opened = user::store::open(&stack.database()).await?;
    let rest = wait(stack, opened.reader.as_ref(), expected, within).await;
    opened.close().await?;
    rest
}

async fn wait(
    stack: &Stack,
    reader: &dyn UserReader,
    expected: &BTreeMap<String, Expected>,
    within: Duration,
) -> anyhow::Result<Result<Rest, String>> {
    let began = Instant::now();
    let unsettled_at_first = unsettled(reader).await?;
    loop {
        let restless = restless(stack, reader, expected).await?;
        if restless.is_empty() {
            let after_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            return Ok(Ok(Rest {
                after_ms,
                unsettled_at_first,
            }));
        }
        if began.elapsed() >= within {
            return Ok(Err(format!(
                "not at rest after {within:?}: {}",
                restless.join("; ")
            )));
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

async fn unsettled(reader: &dyn UserReader) -> anyhow::Result<u64> {
    let counts = reader.count().await?;
    Ok(counts.pending + counts.resending)
}

/// The first few things that are not at rest.
async fn restless(
    stack: &Stack,
    reader: &dyn UserReader,
    expected: &BTreeMap<String, Expected>,
) -> anyhow::Result<Vec<String>> {
    let mut restless = Vec::new();
    let count = unsettled(reader).await?;
    if count > 0 {
        restless.push(format!("{count} users owe"));
    }
    for user in expected.keys() {
        let user_id: UserId = user.parse()?;
        let Some(row) = reader.find(&user_id).await? else {
            continue;
        };
        let recheck = row.recheck_at.is_some();
        if row.is_dirty() || row.in_doubt.is_some() || row.open_attempt.is_some() || recheck {
            restless.push(format!(
                "{user} owes {:?}, doubt {:?}, open {:?}, wake {:?}, recheck {:?}, failures {}, {:?}",
                row.dirty_fields(),
                row.in_doubt,
                row.open_attempt,
                row.wake_at,
                row.recheck_at,
                row.failures,
                row.last_failure
            ));
        }
        if restless.len() > NAMED {
            return Ok(restless);
        }
    }
    let wake_ups = wake_ups(stack).await;
    if !matches!(wake_ups, Ok(0)) {
        restless.push(format!("wake-ups in the stream: {wake_ups:?}"));
    }
    Ok(restless)
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
