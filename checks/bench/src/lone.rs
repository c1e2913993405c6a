//! Lone changes: one after another on an idle line, and one a second while a backlog drains.

use std::time::Duration;

use anyhow::Context;
use serde::Serialize;
use tokio::time::interval;

use crate::{
    delays::{Delays, ms_between},
    gateway::{Accepted, Gateway},
    hubspot_sandbox::{Call, HubspotSandbox},
    people::Group,
    settlements::Settlements,
};

/// After a change is confirmed, its wake-up is acknowledged; then the line is idle.
const UNTIL_IDLE: Duration = Duration::from_millis(50);
const BETWEEN_BUSY: Duration = Duration::from_secs(1);

/// Delays of lone changes on an idle line.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Idle {
    /// From sending the change to the gateway's 200.
    pub sent_to_accepted: Delays,
    /// From the gateway's 200 until HubSpot had the call.
    pub accepted_to_call: Delays,
    /// From the gateway's 200 until the change was confirmed.
    pub accepted_to_confirmed: Delays,
}

/// Makes so many changes, each after the one before was confirmed.
pub async fn on_an_idle_line(
    gateway: &Gateway,
    sandbox: &HubspotSandbox,
    settlements: &Settlements,
    count: usize,
    round: u32,
) -> anyhow::Result<Option<Idle>> {
    sandbox.forget_calls().await?;
    let (mut changes, mut answering, mut confirming) = (Vec::new(), Vec::new(), Vec::new());
    for person in Group::Idle.people(count) {
        let change = gateway.change(person, round).await?;
        let confirmed_at = settlements.wait_for(&change).await?;
        answering.push(ms_between(change.sent_at, change.accepted_at));
        confirming.push(ms_between(change.accepted_at, confirmed_at));
        changes.push(change);
        tokio::time::sleep(UNTIL_IDLE).await;
    }
    let calls = sandbox.calls().await?;
    let calling: anyhow::Result<Vec<f64>> = changes.iter().map(|change| until_call(change, &calls)).collect();
    let all = (
        Delays::of(answering),
        Delays::of(calling?),
        Delays::of(confirming),
    );
    let (Some(sent_to_accepted), Some(accepted_to_call), Some(accepted_to_confirmed)) = all else {
        return Ok(None);
    };
    Ok(Some(Idle {
        sent_to_accepted,
        accepted_to_call,
        accepted_to_confirmed,
    }))
}

/// On an idle line the first call after a change was sent is the one for it. It may come before the 200 is read.
fn until_call(change: &Accepted, calls: &[Call]) -> anyhow::Result<f64> {
    let index = calls.partition_point(|call| call.at < change.sent_at);
    let call = calls.get(index).context("a confirmed change without a call")?;
    Ok(ms_between(change.accepted_at, call.at))
}

/// Makes one change a second, at most so many, until the backlog is drained, and says how long each took from the
/// gateway's 200 until it was confirmed.
pub async fn while_it_drains(
    gateway: &Gateway,
    settlements: &Settlements,
    count: usize,
    round: u32,
    drained: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<Option<Delays>> {
    tokio::pin!(drained);
    let (mut changes, mut people) = (Vec::new(), Group::Busy.people(count));
    let mut ticks = interval(BETWEEN_BUSY);
    loop {
        tokio::select! {
            ended = &mut drained => break ended?,
            _ = ticks.tick() => {
                if let Some(person) = people.next() {
                    changes.push(gateway.change(person, round).await?);
                }
            }
        }
    }
    let mut delays = Vec::new();
    for change in &changes {
        let confirmed_at = settlements.wait_for(change).await?;
        delays.push(ms_between(change.accepted_at, confirmed_at));
    }
    Ok(Delays::of(delays))
}
