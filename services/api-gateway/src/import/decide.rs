//! Sends lines to the user service until each of them is decided.

use std::collections::HashSet;
use std::iter::repeat;
use std::time::Duration;

use contracts::{ErrorCode, ImportLine, ImportResult, ImportUsers};
use runtime::Backoff;
use tokio::time::{Instant, sleep};

use super::run::{Import, Stopped, because};
use crate::problem::ApiError;

const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

impl Import {
    /// Sends lines until each is decided. What is decided is not sent again, lest it undo what somebody changed meanwhile,
    /// but for later lines of a user whose earlier one is not: the later one has to stay the later one.
    pub(super) async fn decide(&self, lines: Vec<ImportLine>) -> Result<Vec<ImportResult>, Stopped> {
        let mut outcomes: Vec<Option<ImportResult>> = vec![None; lines.len()];
        let mut places: Vec<usize> = (0..lines.len()).collect();
        let mut request = ImportUsers { lines };
        let mut backoff = Backoff::new(SHORTEST_PAUSE, LONGEST_PAUSE);
        let mut progressed = Instant::now();
        while !places.is_empty() {
            let why = match self.users.change(&request, &self.context).await {
                Ok(imported) => {
                    let before = places.len();
                    keep_undecided(&mut request.lines, &mut places, imported.results, &mut outcomes);
                    if places.is_empty() {
                        break;
                    }
                    if places.len() < before {
                        progressed = Instant::now();
                        backoff.reset();
                    }
                    "the user service takes no lines".to_owned()
                }
                Err(error) => self.may_pass(&error)?,
            };
            if progressed.elapsed() > self.patience {
                let request_id = &*self.context.request_id;
                tracing::warn!(request.id = request_id, why, "an import is given up");
                return Err(Stopped::Failed(why));
            }
            let paused = self.shutdown.or(sleep(backoff.next_delay())).await;
            paused.ok_or_else(|| because("the gateway is stopping"))?;
        }
        Ok(outcomes.into_iter().flatten().collect())
    }

    /// What passes is tried again; the head of the answer is out already, so that the rest has to be logged here.
    fn may_pass(&self, error: &ApiError) -> Result<String, Stopped> {
        match error {
            ApiError::Overloaded
            | ApiError::Unavailable { .. }
            | ApiError::Expired
            | ApiError::OutcomeUnknown { .. } => {
                Ok("the user service gave no answer, or takes no lines".to_owned())
            }
            other => {
                let (request_id, problem) = (&*self.context.request_id, other.kind().slug);
                let cause = other.cause();
                tracing::error!(request.id = request_id, problem, cause, "an import ended early");
                Err(Stopped::Failed(other.to_string()))
            }
        }
    }
}

/// Puts what is decided in its place and leaves the lines that have to be sent again.
fn keep_undecided(
    lines: &mut Vec<ImportLine>,
    places: &mut Vec<usize>,
    answered: Vec<ImportResult>,
    outcomes: &mut [Option<ImportResult>],
) {
    let mut waiting = HashSet::new();
    let sent = std::mem::take(lines).into_iter().zip(std::mem::take(places));
    // An answer for fewer lines than were sent leaves the others undecided.
    for ((line, place), outcome) in sent.zip(answered.into_iter().map(Some).chain(repeat(None))) {
        let decided = outcome
            .filter(is_decided)
            .filter(|_| !waiting.contains(&line.user_id));
        if decided.is_some() {
            outcomes[place] = decided;
        } else {
            waiting.insert(line.user_id.clone());
            lines.push(line);
            places.push(place);
        }
    }
}

fn is_decided(outcome: &ImportResult) -> bool {
    match outcome {
        ImportResult::Changed { .. } | ImportResult::Unchanged { .. } => true,
        ImportResult::Rejected { error } => !matches!(
            error.code,
            ErrorCode::Unavailable | ErrorCode::Expired | ErrorCode::OutcomeUnknown
        ),
    }
}
