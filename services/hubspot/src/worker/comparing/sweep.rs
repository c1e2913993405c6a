//! The sweep that compares everybody, page by page, at the pace that deliveries leave.

use std::{collections::BTreeMap, time::Duration};

use contracts::{CompareUsers, Comparison, ComparisonPurpose, FindingKind, UserSelection};
use runtime::Backoff;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{Comparer, Terms};
use crate::{config::DriftSweep, worker::drift_metrics::DriftMetrics};

/// How long a page may take, most of it waiting for a moment with nothing else to do.
const PAGE_LIMIT: Duration = Duration::from_mins(5);
/// After so many tries at a page a person is told; they take some minutes.
const MANY_TRIES: u32 = 8;
/// Contacts that are gone and named in the log, in each pass.
const MOST_NAMED: u64 = 20;

/// Begins a pass each time the setting says so, or later where the one before took longer.
pub(super) async fn sweep(
    comparer: Comparer,
    account_id: String,
    closed: CancellationToken,
    sweep: DriftSweep,
    metrics: DriftMetrics,
) {
    let terms = || Terms {
        closed: &closed,
        account_id: &account_id,
        even_paused: false,
        until: Instant::now() + PAGE_LIMIT,
    };
    loop {
        let next = Instant::now() + sweep.every;
        let pass = pass(&comparer, terms, sweep.repair, &metrics).await;
        metrics.passed();
        pass.tell();
        sleep_until(next).await;
    }
}

/// What one pass has come to.
#[derive(Default)]
struct Pass {
    checked: u64,
    skipped: u64,
    repaired: u64,
    found: BTreeMap<FindingKind, u64>,
}

async fn pass<'a>(
    comparer: &Comparer,
    terms: impl Fn() -> Terms<'a>,
    repair: bool,
    metrics: &DriftMetrics,
) -> Pass {
    let (mut pass, mut tries) = (Pass::default(), 0);
    let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_mins(1));
    let mut compare = CompareUsers {
        purpose: ComparisonPurpose::Drift { repair },
        users: UserSelection::After(None),
        values: false,
    };
    loop {
        match comparer.compare(&compare, terms()).await {
            Ok(page) => {
                backoff.reset();
                tries = 0;
                metrics.page(&page);
                pass.add(&page);
                let Some(next) = page.next else { return pass };
                compare.users = UserSelection::After(Some(next));
            }
            Err(error) => {
                tries += 1;
                if tries == MANY_TRIES {
                    tracing::warn!(%error, "users are not compared with their contacts for some time; still trying");
                } else {
                    tracing::debug!(%error, "a page is not compared yet; trying again");
                }
                sleep(backoff.next_delay()).await;
            }
        }
    }
}

impl Pass {
    fn add(&mut self, page: &Comparison) {
        self.checked += page.checked;
        self.skipped += page.skipped;
        self.repaired += page.repaired;
        for finding in &page.findings {
            let count = self.found.entry(finding.kind).or_default();
            *count += 1;
            if finding.kind == FindingKind::Gone && *count <= MOST_NAMED {
                let contact = finding.contact_id.as_deref();
                tracing::warn!(user.id = %finding.user_id, contact.id = contact, "HubSpot does not know a contact any more");
            }
        }
    }

    fn tell(&self) {
        let found = |kind| self.found.get(&kind).copied().unwrap_or_default();
        tracing::info!(
            checked = self.checked,
            skipped = self.skipped,
            changed = found(FindingKind::Changed),
            gone = found(FindingKind::Gone),
            merged = found(FindingKind::Merged),
            shared = found(FindingKind::Shared),
            not_reported = found(FindingKind::NotReported),
            repaired = self.repaired,
            "every user was compared with its contact"
        );
    }
}
