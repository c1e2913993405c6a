//! What the sweep for drift counts.

use contracts::Comparison;
use jiff::Timestamp;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
};
use runtime::Metrics;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfFinding {
    finding: &'static str,
}

/// Counts of the sweep. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct DriftMetrics {
    checked: Counter,
    repaired: Counter,
    findings: Family<OfFinding, Counter>,
    last_pass: Gauge,
}

impl DriftMetrics {
    /// Metrics that are shown among these.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let shown = Self {
            checked: Counter::default(),
            repaired: Counter::default(),
            findings: Family::default(),
            last_pass: Gauge::default(),
        };
        let help = "Users that the sweep for drift compared with their contacts";
        metrics.register("drift_checked", help, shown.checked.clone());
        let help = "Users of which the sweep for drift had something sent again";
        metrics.register("drift_repaired", help, shown.repaired.clone());
        let help = "What the sweep for drift found, a user once in each pass";
        metrics.register("drift_findings", help, shown.findings.clone());
        let help = "When the sweep for drift last came through all users, in seconds since 1970";
        metrics.register("drift_last_pass_timestamp_seconds", help, shown.last_pass.clone());
        shown
    }

    /// A page was compared.
    pub(super) fn page(&self, page: &Comparison) {
        self.checked.inc_by(page.checked);
        self.repaired.inc_by(page.repaired);
        for finding in &page.findings {
            let finding = finding.kind.name();
            self.findings.get_or_create(&OfFinding { finding }).inc();
        }
    }

    /// All users were.
    pub(super) fn passed(&self) {
        self.last_pass.set(Timestamp::now().as_second());
    }
}
