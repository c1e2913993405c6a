//! Whether receipts are final and true.

use anyhow::Context;
use contracts::{Receipt, SyncState};

use super::Scene;
use testing::http::body_of;

use crate::ledger::Expected;

/// Of users with many versions, so many of the latest are asked for, and as many spread over the others.
const ASKED_FOR: usize = 20;

/// A sentence for each receipt that is not.
pub(super) async fn check(scene: &Scene<'_>) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    for (user, expected) in scene.expected {
        for (version, state) in chosen(expected) {
            let url = format!(
                "{}/users/{user}/sync?version={version}",
                scene.stack.gateway_url()
            );
            match body_of(scene.stack.http.get(url)).await {
                Ok(body) => wrong.extend(judge(user, version, state, &body)?),
                Err(error) => wrong.push(format!("no receipt of version {version} of {user}: {error:#}")),
            }
        }
    }
    Ok(wrong)
}

fn judge(user: &str, version: u64, state: SyncState, body: &str) -> anyhow::Result<Option<String>> {
    let receipt: Receipt = serde_json::from_str(body).context("a receipt")?;
    let found = receipt.state;
    let is_true = found == state && !receipt.resending;
    Ok((!is_true).then(|| {
        format!("the receipt of version {version} of {user} says {found:?}, but must say {state:?}: {body}")
    }))
}

fn chosen(expected: &Expected) -> Vec<(u64, SyncState)> {
    let all: Vec<(u64, SyncState)> = expected
        .states
        .iter()
        .map(|(version, state)| (*version, *state))
        .collect();
    let latest = all.len().saturating_sub(ASKED_FOR);
    let step = latest.div_ceil(ASKED_FOR).max(1);
    let is_last_word = |(_, state): &&(u64, SyncState)| *state == SyncState::Confirmed;
    let earlier = all[..latest].iter().step_by(step);
    // What a version was the last to touch stays its own, however old it is.
    let standing = all[..latest].iter().filter(is_last_word);
    earlier.chain(standing).chain(&all[latest..]).copied().collect()
}
