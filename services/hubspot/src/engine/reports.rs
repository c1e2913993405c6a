//! The results that the user service has not taken yet: sent in batches, and repeated until it takes them.
//!
//! Retractions travel with them. What a report means for its users is left to the wake-ups.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use contracts::{
    AttemptFailure, AttemptResult, ErrorCode, Field, FieldResult, Reason, Retraction, UserId,
    delivery::MAX_CLAIMS,
};

use super::{RequestId, UserServiceError, backoff::Backoff, io::AttemptId};

/// The maximum number of reports in flight.
const MAX_IN_FLIGHT: usize = 2;

/// A result that waits to be reported.
#[derive(Debug, Clone)]
pub(crate) struct PendingResult {
    pub(crate) attempt: AttemptId,
    pub(crate) result: AttemptResult,
    /// Whether the same message claims the user again, because the values are to be written through its new link.
    pub(crate) claims_again: bool,
    /// Whether a report of it was lost, so that the user service may have recorded it. It does not change any more.
    pub(crate) may_be_recorded: bool,
}

/// What travels in one message.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    pub(crate) results: Vec<PendingResult>,
    pub(crate) retractions: Vec<Retraction>,
}

/// What follows from a report that was not taken.
#[derive(Debug)]
pub(crate) struct FailedReport {
    pub(crate) results: Vec<PendingResult>,
    /// Whether the user service cannot read the only result in it, so that it is not sent again.
    pub(crate) is_given_up: bool,
}

/// The results and retractions on their way to the user service.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    waiting: VecDeque<PendingResult>,
    /// Rejections to take back once the user service has recorded them.
    retractions: Vec<Retraction>,
    in_flight: BTreeMap<RequestId, Report>,
    /// Whether results travel alone, because the user service could not read a message as a whole.
    is_one_by_one: bool,
    backoff: Backoff,
}

impl Reports {
    pub(crate) fn add(&mut self, result: PendingResult) {
        self.waiting.push_back(result);
    }

    /// Whether every result and every retraction was taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.retractions.is_empty() && self.in_flight.is_empty()
    }

    /// When the pause after a failed report ends, if anything waits for that.
    pub(crate) fn paused_until(&self) -> Option<Duration> {
        let is_waiting = !self.waiting.is_empty() || !self.retractions.is_empty();
        is_waiting.then(|| self.backoff.until())
    }

    /// The next message, if one may be sent now. `has_open_attempt` tells whether a result of a user may still come.
    pub(crate) fn next(
        &mut self,
        now: Duration,
        has_open_attempt: impl Fn(&UserId) -> bool,
    ) -> Option<Report> {
        if self.in_flight.len() >= MAX_IN_FLIGHT || !self.backoff.is_over(now) {
            return None;
        }
        // Before the results are taken out: a retraction must not overtake the result that brings its rejection.
        let retractions = self.take_ready_retractions(has_open_attempt);
        let max = if self.is_one_by_one { 1 } else { MAX_CLAIMS };
        let max = max.min(self.waiting.len());
        let results: Vec<PendingResult> = self.waiting.drain(..max).collect();
        if results.is_empty() && retractions.is_empty() {
            return None;
        }
        Some(Report { results, retractions })
    }

    /// The retractions whose rejections have all been recorded.
    fn take_ready_retractions(&mut self, has_open_attempt: impl Fn(&UserId) -> bool) -> Vec<Retraction> {
        if self.retractions.is_empty() {
            return Vec::new();
        }
        let all = std::mem::take(&mut self.retractions);
        let (ready, early) = all.into_iter().partition(|retraction| {
            !has_open_attempt(&retraction.user_id) && !self.holds_result_of(&retraction.user_id)
        });
        self.retractions = early;
        ready
    }

    fn holds_result_of(&self, user_id: &UserId) -> bool {
        let in_flight = self.in_flight.values().flat_map(|report| &report.results);
        self.waiting
            .iter()
            .chain(in_flight)
            .any(|pending| pending.result.user_id == *user_id)
    }

    pub(crate) fn record_sent(&mut self, request: RequestId, report: Report) {
        self.in_flight.insert(request, report);
    }

    /// A report was taken.
    pub(crate) fn record_success(&mut self, request: RequestId) -> Option<Report> {
        let report = self.in_flight.remove(&request)?;
        self.backoff.record_success();
        // The message that could not be read is through once nothing waits.
        if self.waiting.is_empty() {
            self.is_one_by_one = false;
        }
        Some(report)
    }

    /// A report was not taken. It is repeated after a pause, and one that could not be read at once, result by result,
    /// so that a single unreadable result holds up no other.
    pub(crate) fn record_failure(
        &mut self,
        now: Duration,
        request: RequestId,
        error: UserServiceError,
    ) -> Option<FailedReport> {
        let Report { results, retractions } = self.in_flight.remove(&request)?;
        self.retractions.extend(retractions);
        let is_unreadable = match error {
            UserServiceError::Rejected(ErrorCode::InvalidRequest | ErrorCode::Internal) => true,
            UserServiceError::Rejected(_) | UserServiceError::NoResponse => false,
        };
        let is_given_up = is_unreadable && results.len() == 1;
        if !is_given_up {
            for result in results.iter().rev() {
                self.waiting.push_front(PendingResult {
                    may_be_recorded: true,
                    ..result.clone()
                });
            }
        }
        if is_unreadable {
            self.is_one_by_one = true;
        } else {
            self.backoff.record_failure(now);
        }
        Some(FailedReport { results, is_given_up })
    }

    /// Rejections of these users turned out to be the account's fault. A result that was not sent yet loses its
    /// rejection; the rejections of the other users are retracted once they are recorded.
    pub(crate) fn retract(&mut self, mut users: BTreeSet<UserId>, field: Field, reason: &Reason) {
        // If the user service has recorded a rejection, it takes the same result without it for a repeat.
        let unsent = self.waiting.iter_mut().filter(|pending| !pending.may_be_recorded);
        for PendingResult { result, .. } in unsent {
            let is_rejection = match result.field_results.get(&field) {
                Some(FieldResult::Rejected { reason: rejected_for }) => rejected_for.code == reason.code,
                _ => false,
            };
            if is_rejection && users.remove(&result.user_id) {
                result.field_results.remove(&field);
                result.failure = Some(AttemptFailure {
                    reason: reason.clone(),
                    is_counted: false,
                    is_transient: true,
                });
            }
        }
        let retractions = users.into_iter().map(|user_id| Retraction {
            user_id,
            field,
            code: reason.code.clone(),
        });
        self.retractions.extend(retractions);
    }
}
