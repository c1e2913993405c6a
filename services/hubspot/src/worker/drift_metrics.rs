//! The metrics of the sweep for drift.

use contracts::Comparison;
use jiff::Timestamp;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
};
use runtime::Metrics;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FindingLabel {
    finding: &'static str,
}

/// The counters of the sweep. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct DriftMetrics {
    checked: Counter,
    repaired: Counter,
    findings: Family<FindingLabel, Counter>,
    last_pass: Gauge,
}

impl DriftMetrics {
    /// Registers the counters among these metrics.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let registered = Self {
            checked: Counter::default(),
            repaired: Counter::default(),
            findings: Family::default(),
            last_pass: Gauge::default(),
        };
        let help = "Users that the sweep for drift compared with their contacts";
        metrics.register("drift_checked", help, registered.checked.clone());
        let help = "Users with fields that the sweep for drift marked to be sent again";
        metrics.register("drift_repaired", help, registered.repaired.clone());
        let help = "Findings of the sweep for drift, at most one for each user in each pass";
        metrics.register("drift_findings", help, registered.findings.clone());
        let help = "When the sweep for drift last finished a pass over all users, in seconds since 1970";
        metrics.register(
            "drift_last_pass_timestamp_seconds",
            help,
            registered.last_pass.clone(),
        );
        registered
    }

    /// Counts a page that was compared.
    pub(super) fn add_page(&self, page: &Comparison) {
        self.checked.inc_by(page.checked);
        self.repaired.inc_by(page.repaired);
        for finding in &page.findings {
            let finding = finding.kind.name();
            self.findings.get_or_create(&FindingLabel { finding }).inc();
        }
    }

    /// Records that a pass over all users has ended.
    pub(super) fn record_pass(&self) {
        self.last_pass.set(Timestamp::now().as_second());
    }
}
