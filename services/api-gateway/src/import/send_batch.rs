//! Sends a batch to the user service until every row in it has a final result.

use std::collections::HashSet;
use std::iter::repeat;
use std::time::Duration;

use contracts::{ErrorCode, ImportLine, ImportResult, ImportUsers};
use runtime::Backoff;
use tokio::time::{Instant, sleep};

use super::run::{EndedEarly, ImportRun, reason};
use crate::response::ApiError;

const MIN_PAUSE: Duration = Duration::from_millis(50);
const MAX_PAUSE: Duration = Duration::from_secs(2);

impl ImportRun {
    /// Sends the lines, and those without a final result again, until each has one. Returns the results in the order of the
    /// lines.
    ///
    /// A line with a final result is not sent again, since that could undo a change that somebody has made meanwhile. There is
    /// one exception: later lines of a user go again together with an earlier one, so that the later line still wins.
    pub(super) async fn send_batch(&self, lines: Vec<ImportLine>) -> Result<Vec<ImportResult>, EndedEarly> {
        let mut results: Vec<Option<ImportResult>> = vec![None; lines.len()];
        // The index in `results` of each line in the request.
        let mut indexes: Vec<usize> = (0..lines.len()).collect();
        let mut request = ImportUsers { lines };
        let mut backoff = Backoff::new(MIN_PAUSE, MAX_PAUSE);
        let mut last_progress = Instant::now();
        while !indexes.is_empty() {
            let why = match self.services.change(&request, &self.context).await {
                Ok(imported) => {
                    let before = indexes.len();
                    keep_open_lines(&mut request.lines, &mut indexes, imported.results, &mut results);
                    if indexes.is_empty() {
                        break;
                    }
                    // The limit counts from the last progress, so that a slow user service is waited for.
                    if indexes.len() < before {
                        last_progress = Instant::now();
                        backoff.reset();
                    }
                    "the user service accepts no rows at the moment".to_owned()
                }
                Err(error) => self.transient_failure(&error)?,
            };
            if last_progress.elapsed() > self.max_wait {
                let request_id = &*self.context.request_id;
                tracing::warn!(request.id = request_id, why, "an import ended early");
                return Err(EndedEarly::Logged(why));
            }
            let paused = self.shutdown.or(sleep(backoff.next_delay())).await;
            paused.ok_or_else(|| reason("the gateway is stopping"))?;
        }
        Ok(results.into_iter().flatten().collect())
    }

    /// Describes a failure after which another try can help; any other failure ends the import. It is logged here, since the
    /// status of the response is sent already and no layer can see the failure.
    fn transient_failure(&self, error: &ApiError) -> Result<String, EndedEarly> {
        match error {
            ApiError::Overloaded
            | ApiError::Unavailable { .. }
            | ApiError::FieldsUnknown
            | ApiError::Expired
            | ApiError::OutcomeUnknown { .. } => {
                Ok("the user service does not answer or accepts no rows at the moment".to_owned())
            }
            other => {
                let (request_id, problem) = (&*self.context.request_id, other.kind().slug);
                let cause = other.cause();
                tracing::error!(request.id = request_id, problem, cause, "an import ended early");
                Err(EndedEarly::Logged(other.to_string()))
            }
        }
    }
}

/// Stores the final results, and keeps in `lines` only those lines that have to be sent again.
fn keep_open_lines(
    lines: &mut Vec<ImportLine>,
    indexes: &mut Vec<usize>,
    answered: Vec<ImportResult>,
    results: &mut [Option<ImportResult>],
) {
    // Users with an open line. Their later lines stay open as well, whatever their result: sent alone, the earlier line would
    // come last and win.
    let mut open_users = HashSet::new();
    let sent = std::mem::take(lines).into_iter().zip(std::mem::take(indexes));
    // A response with too few results leaves the remaining lines open.
    for ((line, index), result) in sent.zip(answered.into_iter().map(Some).chain(repeat(None))) {
        let result = result
            .filter(is_final)
            .filter(|_| !open_users.contains(&line.user_id));
        if result.is_some() {
            results[index] = result;
        } else {
            open_users.insert(line.user_id.clone());
            lines.push(line);
            indexes.push(index);
        }
    }
}

/// Whether the result stays the same when the line is sent again.
fn is_final(result: &ImportResult) -> bool {
    match result {
        ImportResult::Changed { .. } | ImportResult::Unchanged { .. } | ImportResult::Unknown => true,
        ImportResult::Rejected { error } => !matches!(
            error.code,
            ErrorCode::Unavailable | ErrorCode::Expired | ErrorCode::OutcomeUnknown
        ),
    }
}
