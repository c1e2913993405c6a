//! Limits how many imports run at a time, and counts them.

use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::{counter::Counter, family::Family};
use runtime::Metrics;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::reports::RowCounts;

/// How many imports may run at a time. More would not be faster: the database sets the pace.
const MAX_IMPORTS: usize = 4;

/// The slots of running imports, and the counters of imports and their rows.
#[derive(Debug, Clone)]
pub(crate) struct ImportSlots {
    slots: Arc<Semaphore>,
    rows: Family<ResultLabel, Counter>,
    imports: Family<ResultLabel, Counter>,
}

/// The slot of one import, free again when this is dropped.
#[derive(Debug)]
pub(crate) struct ImportSlot(
    #[expect(dead_code, reason = "frees its slot when it is dropped")] OwnedSemaphorePermit,
);

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabel {
    result: &'static str,
}

impl ImportSlots {
    /// Registers the counters.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let (rows, imports) = (Family::default(), Family::default());
        metrics.register(
            "import_lines",
            "Rows of imports, by their result",
            Family::clone(&rows),
        );
        metrics.register(
            "imports",
            "Imports that have ended, by their result",
            Family::clone(&imports),
        );
        Self {
            slots: Arc::new(Semaphore::new(MAX_IMPORTS)),
            rows,
            imports,
        }
    }

    /// A slot for one more import; `None` where all are taken.
    pub(crate) fn try_take(&self) -> Option<ImportSlot> {
        Arc::clone(&self.slots).try_acquire_owned().ok().map(ImportSlot)
    }

    /// Counts the rows of a batch.
    pub(super) fn count_rows(&self, counts: RowCounts) {
        for (result, rows) in counts.by_result() {
            self.rows.get_or_create(&ResultLabel { result }).inc_by(rows);
        }
    }

    /// Counts an import that has ended.
    pub(super) fn count_import(&self, result: &'static str) {
        self.imports.get_or_create(&ResultLabel { result }).inc();
    }
}
