//! Single changes: one after another while nothing else is delivered, and one per second while a backlog is delivered.

use std::time::Duration;

use anyhow::Context;
use serde::Serialize;
use tokio::time::interval;

use crate::{
    figures::delays::{Delays, ms_between},
    system::{
        gateway::{AcceptedChange, Gateway},
        hubspot_sandbox::{Call, HubspotSandbox},
        resolved_versions::ResolvedVersions,
        test_users::Group,
    },
};

/// The pause after a confirmed change, in which its wake-up is acknowledged.
const IDLE_PAUSE: Duration = Duration::from_millis(50);
const BUSY_INTERVAL: Duration = Duration::from_secs(1);

/// Delays of single changes while nothing else is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Idle {
    /// From sending the change to the gateway's 200.
    pub sent_to_accepted: Delays,
    /// From the gateway's 200 until HubSpot received the call.
    pub accepted_to_call: Delays,
    /// From the gateway's 200 until the change was confirmed.
    pub accepted_to_confirmed: Delays,
}

/// Makes this many changes, each after the previous one was confirmed.
pub(super) async fn measure_while_idle(
    gateway: &Gateway,
    sandbox: &HubspotSandbox,
    resolved: &ResolvedVersions,
    count: usize,
    round: u32,
) -> anyhow::Result<Option<Idle>> {
    sandbox.forget_calls().await?;
    let (mut changes, mut answering, mut confirming) = (Vec::new(), Vec::new(), Vec::new());
    for user in Group::Idle.users(count) {
        let change = gateway.change(user, round).await?;
        let confirmed_at = resolved.wait_for(&change).await?;
        answering.push(ms_between(change.sent_at, change.accepted_at));
        confirming.push(ms_between(change.accepted_at, confirmed_at));
        changes.push(change);
        tokio::time::sleep(IDLE_PAUSE).await;
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

/// The time until the call. Since nothing else is delivered, the first call after a change was sent belongs to it. The call
/// can arrive before the caller has read the 200.
fn until_call(change: &AcceptedChange, calls: &[Call]) -> anyhow::Result<f64> {
    let index = calls.partition_point(|call| call.at < change.sent_at);
    let call = calls.get(index).context("a confirmed change without a call")?;
    Ok(ms_between(change.accepted_at, call.at))
}

/// Makes one change per second until the backlog is delivered, but at most `count`. Returns the delays from the gateway's
/// 200 until each change was confirmed.
pub(super) async fn measure_while_draining(
    gateway: &Gateway,
    resolved: &ResolvedVersions,
    count: usize,
    round: u32,
    drained: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<Option<Delays>> {
    tokio::pin!(drained);
    let (mut changes, mut users) = (Vec::new(), Group::Busy.users(count));
    let mut ticks = interval(BUSY_INTERVAL);
    loop {
        tokio::select! {
            ended = &mut drained => break ended?,
            _ = ticks.tick() => {
                if let Some(user) = users.next() {
                    changes.push(gateway.change(user, round).await?);
                }
            }
        }
    }
    let mut delays = Vec::new();
    for change in &changes {
        let confirmed_at = resolved.wait_for(change).await?;
        delays.push(ms_between(change.accepted_at, confirmed_at));
    }
    Ok(Delays::of(delays))
}
