//! The sweep that compares every user with its contact, page by page, using only calls that deliveries do not need.

use std::{collections::BTreeMap, time::Duration};

use contracts::{CompareUsers, Comparison, ComparisonPurpose, FindingKind, UserSelection};
use runtime::Backoff;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{Comparer, ComparisonContext};
use crate::{config::DriftSweep, worker::drift_metrics::DriftMetrics};

/// How long a page may take. Most of that is waiting until no delivery needs the calls.
const PAGE_TIMEOUT: Duration = Duration::from_mins(5);
/// After this many failed attempts at a page a warning is logged.
const WARN_AFTER_ATTEMPTS: u32 = 8;
/// The maximum number of contacts that are gone and named in the log in each pass.
const MAX_LOGGED: u64 = 20;

/// Starts a pass at the interval in the settings, or as soon as the pass before has ended if that took longer.
pub(super) async fn sweep(
    comparer: Comparer,
    account_id: String,
    closed: CancellationToken,
    sweep: DriftSweep,
    metrics: DriftMetrics,
) {
    let context = || ComparisonContext {
        closed: &closed,
        account_id: &account_id,
        even_paused: false,
        until: Instant::now() + PAGE_TIMEOUT,
    };
    loop {
        let next = Instant::now() + sweep.every;
        let pass = pass(&comparer, context, sweep.repair, &metrics).await;
        metrics.record_pass();
        pass.log();
        sleep_until(next).await;
    }
}

/// The counts of one pass.
#[derive(Default)]
struct Pass {
    checked: u64,
    skipped: u64,
    repaired: u64,
    found: BTreeMap<FindingKind, u64>,
}

async fn pass<'a>(
    comparer: &Comparer,
    context: impl Fn() -> ComparisonContext<'a>,
    repair: bool,
    metrics: &DriftMetrics,
) -> Pass {
    let (mut pass, mut attempts) = (Pass::default(), 0);
    let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_mins(1));
    let mut compare = CompareUsers {
        purpose: ComparisonPurpose::Drift { repair },
        users: UserSelection::After(None),
        values: false,
    };
    loop {
        match comparer.compare(&compare, context()).await {
            Ok(page) => {
                backoff.reset();
                attempts = 0;
                metrics.add_page(&page);
                pass.add(&page);
                let Some(next) = page.next else { return pass };
                compare.users = UserSelection::After(Some(next));
            }
            Err(error) => {
                attempts += 1;
                if attempts == WARN_AFTER_ATTEMPTS {
                    tracing::warn!(%error, attempts, "the sweep for drift cannot compare a page of users; it keeps trying");
                } else {
                    tracing::debug!(%error, "a page of users could not be compared; trying again");
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
            if finding.kind == FindingKind::Gone && *count <= MAX_LOGGED {
                let contact = finding.contact_id.as_deref();
                tracing::warn!(user.id = %finding.user_id, contact.id = contact, "a linked contact is gone from HubSpot");
            }
        }
    }

    fn log(&self) {
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
