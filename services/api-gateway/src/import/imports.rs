//! The imports of a gateway: how many there may be, and what became of them.

use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::{counter::Counter, family::Family};
use runtime::Metrics;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::report::Counts;

/// The most imports at a time; more would only share the same pace.
const MOST_IMPORTS: usize = 4;

/// The places that imports have, and the counts of those that had one.
#[derive(Debug, Clone)]
pub(crate) struct Imports {
    places: Arc<Semaphore>,
    lines: Family<Outcome, Counter>,
    ended: Family<Outcome, Counter>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place(
    #[expect(dead_code, reason = "gives its place back when it is dropped")] OwnedSemaphorePermit,
);

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    result: &'static str,
}

impl Imports {
    /// Shows what it counts among these metrics.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let (lines, ended) = (Family::default(), Family::default());
        metrics.register(
            "import_lines",
            "Lines of imports that were decided",
            Family::clone(&lines),
        );
        metrics.register("imports", "Imports that ended", Family::clone(&ended));
        Self {
            places: Arc::new(Semaphore::new(MOST_IMPORTS)),
            lines,
            ended,
        }
    }

    /// A place for one more, if there is one.
    pub(crate) fn begin(&self) -> Option<Place> {
        Arc::clone(&self.places).try_acquire_owned().ok().map(Place)
    }

    /// Counts the lines of a report.
    pub(super) fn count(&self, counts: Counts) {
        for (outcome, lines) in counts.by_outcome() {
            self.lines.get_or_create(&Outcome { result: outcome }).inc_by(lines);
        }
    }

    /// Counts an import that has ended.
    pub(super) fn ended(&self, outcome: &'static str) {
        self.ended.get_or_create(&Outcome { result: outcome }).inc();
    }
}
