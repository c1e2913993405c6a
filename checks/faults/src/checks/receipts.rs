//! Checks that receipts have their final and correct state.

use std::time::{Duration, Instant};

use anyhow::Context;
use contracts::{Receipt, SyncState};

use super::{CheckContext, pairs::PairFound};
use testing::http::body_of;

use crate::callers::accepted_changes::Expected;

/// For a user with many versions, this many of the latest receipts are read, and about as many of the earlier ones.
const MAX_LATEST: usize = 20;
/// A conflict is tried again from time to time, and meanwhile its receipt is not final.
const RECHECK_LIMIT: Duration = Duration::from_secs(30);
const INTERVAL: Duration = Duration::from_millis(100);

/// Returns a sentence for each wrong receipt.
pub(super) async fn check(
    context: &CheckContext<'_>,
    pairs: &[PairFound<'_>],
) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    for user in context.users_without_partner() {
        for (version, state) in chosen(&context.expected[user]) {
            let receipt = read(context, user, version).await;
            wrong.extend(check_receipt(user, version, state, receipt));
        }
    }
    for found in pairs {
        for user in &found.users {
            for (version, state) in chosen(user.expected) {
                let may_conflict = state == SyncState::Confirmed && found.pair.may_be_in_conflict();
                let state = if may_conflict {
                    user.state_of(version)
                } else {
                    state
                };
                let receipt = read_final(context, &user.id, version).await;
                wrong.extend(check_receipt(&user.id, version, state, receipt));
            }
        }
    }
    Ok(wrong)
}

/// Reads the receipt of a version. If a conflict is being tried again, this waits for the end of that.
pub(super) async fn read_final(
    context: &CheckContext<'_>,
    user: &str,
    version: u64,
) -> anyhow::Result<Receipt> {
    let began = Instant::now();
    loop {
        let receipt = read(context, user, version).await?;
        if !receipt.resending || began.elapsed() > RECHECK_LIMIT {
            return Ok(receipt);
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

async fn read(context: &CheckContext<'_>, user: &str, version: u64) -> anyhow::Result<Receipt> {
    let url = format!(
        "{}/users/{user}/sync?version={version}",
        context.stack.gateway_url()
    );
    let body = body_of(context.stack.http.get(url)).await?;
    serde_json::from_str(&body).with_context(|| format!("a receipt: {body}"))
}

fn check_receipt(
    user: &str,
    version: u64,
    state: SyncState,
    receipt: anyhow::Result<Receipt>,
) -> Option<String> {
    let receipt = match receipt {
        Ok(receipt) => receipt,
        Err(error) => return Some(format!("no receipt of version {version} of {user}: {error:#}")),
    };
    let found = receipt.state;
    let is_true = found == state && !receipt.resending;
    (!is_true).then(|| {
        format!(
            "the receipt of version {version} of {user} says {found:?}, but must say {state:?}: {receipt:?}"
        )
    })
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
