//! The reports of an import, and their way to the caller.

mod queue;
mod report;

pub(crate) use queue::{ReportSender, report_queue};
pub(crate) use report::report_line_schema;
pub(super) use report::{BatchReport, ImportSummary, RowCounts, SharedReasons};
