//! `users.record`: takes the verdicts of attempts.

use contracts::{ReportResults, ResultsReported, ServiceError};

use super::Context;
use crate::writer::{Answer, Deadline, Work};

/// A verdict is worth recording however late it is, so the deadline does not matter.
pub(super) async fn record_verdicts(
    context: Context,
    request: ReportResults,
    _deadline: Deadline,
) -> Result<ResultsReported, ServiceError> {
    match context.writer.ask(Work::Record(request), None).await? {
        Answer::Recorded(recorded) => Ok(recorded),
        other => Err(super::mismatch(&other)),
    }
}
