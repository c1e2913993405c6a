//! Failures of which it is not known yet whether the record or the account is at fault. Each waits for the response to a
//! check that leaves after it.

use super::{CallError, Check, io::AttemptId};

/// A failure that waits for its check.
#[derive(Debug)]
pub(crate) struct UndecidedFailure {
    /// The attempt that failed. It stays open meanwhile.
    pub(crate) attempt: AttemptId,
    /// The check that tells.
    pub(crate) check: Check,
    /// What HubSpot answered.
    pub(crate) error: CallError,
    /// Whether the check has left since.
    is_checked: bool,
}

impl UndecidedFailure {
    pub(crate) fn new(attempt: AttemptId, check: Check, error: CallError) -> Self {
        Self {
            attempt,
            check,
            error,
            is_checked: false,
        }
    }
}

/// The failures that wait for a check.
#[derive(Debug, Default)]
pub(crate) struct UndecidedFailures {
    waiting: Vec<UndecidedFailure>,
}

impl UndecidedFailures {
    pub(crate) fn add(&mut self, failure: UndecidedFailure) {
        self.waiting.push(failure);
    }

    /// A check leaves. It tells about the failures so far; a later one needs a later check.
    pub(crate) fn record_check_sent(&mut self, check: Check) {
        for failure in self.waiting.iter_mut().filter(|failure| failure.check == check) {
            failure.is_checked = true;
        }
    }

    /// Takes out the failures that the response to this check tells about.
    pub(crate) fn take_decided(&mut self, check: Check) -> Vec<UndecidedFailure> {
        self.waiting
            .extract_if(.., |failure| failure.check == check && failure.is_checked)
            .collect()
    }

    /// Takes out every failure, oldest first.
    pub(crate) fn drain(&mut self) -> Vec<UndecidedFailure> {
        std::mem::take(&mut self.waiting)
    }

    /// Takes out the failures of these attempts.
    pub(crate) fn take(&mut self, is_wanted: impl Fn(AttemptId) -> bool) -> Vec<UndecidedFailure> {
        self.waiting
            .extract_if(.., |failure| is_wanted(failure.attempt))
            .collect()
    }

    /// The failures, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &UndecidedFailure> {
        self.waiting.iter()
    }
}

#[cfg(test)]
mod tests {
    use contracts::Reason;

    use super::*;
    use crate::engine::CallErrorKind;

    fn failure(attempt: u64, check: Check) -> UndecidedFailure {
        let error = CallError {
            kind: CallErrorKind::Forbidden,
            reason: Reason::ours("X", "in HubSpot's words"),
        };
        UndecidedFailure::new(AttemptId(attempt), check, error)
    }

    #[test]
    fn a_check_decides_earlier_failures_of_its_kind() {
        let mut failures = UndecidedFailures::default();
        failures.add(failure(1, Check::Writes));
        failures.add(failure(2, Check::Lookups));
        failures.record_check_sent(Check::Writes);
        failures.add(failure(3, Check::Writes));
        let decided = failures.take_decided(Check::Writes);
        let attempts: Vec<_> = decided.iter().map(|failure| failure.attempt.0).collect();
        assert_eq!(attempts, [1]);
        assert_eq!(failures.iter().count(), 2);
    }
}
