//! Checks that receipts have their final and correct state.

use anyhow::Context;
use contracts::{Receipt, SyncState};

use super::CheckContext;
use testing::http::body_of;

use crate::callers::accepted_changes::Expected;

/// For a user with many versions, this many of the latest receipts are read, and about as many of the earlier ones.
const MAX_LATEST: usize = 20;

/// Returns a sentence for each wrong receipt.
pub(super) async fn check(context: &CheckContext<'_>) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    for (user, expected) in context.expected {
        for (version, state) in chosen(expected) {
            let url = format!(
                "{}/users/{user}/sync?version={version}",
                context.stack.gateway_url()
            );
            match body_of(context.stack.http.get(url)).await {
                Ok(body) => wrong.extend(check_receipt(user, version, state, &body)?),
                Err(error) => wrong.push(format!("no receipt of version {version} of {user}: {error:#}")),
            }
        }
    }
    Ok(wrong)
}

fn check_receipt(user: &str, version: u64, state: SyncState, body: &str) -> anyhow::Result<Option<String>> {
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
    let latest = all.len().saturating_sub(MAX_LATEST);
    let step = latest.div_ceil(MAX_LATEST).max(1);
    let is_confirmed = |(_, state): &&(u64, SyncState)| *state == SyncState::Confirmed;
    let earlier = all[..latest].iter().step_by(step);
    // A version that was the last to change a field has to stay confirmed, however old it is.
    let standing = all[..latest].iter().filter(is_confirmed);
    earlier.chain(standing).chain(&all[latest..]).copied().collect()
}
