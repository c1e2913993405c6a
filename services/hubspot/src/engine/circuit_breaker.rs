//! Halts delivery when the account is at fault, and finds out when it may go on.
//!
//! It halts for errors that are the account's by themselves (a rejected token, missing scopes, the daily limit, no
//! connection, …), for failed calls that have no record in common, and for twenty records in a row whose values of one
//! field are rejected alike. While it is halted nothing leaves except a recovery check now and then. Giving back the
//! attempts that wait is left to dispatch.

mod failure_scope;
mod halt_cause;
mod recovery_check;
mod rejection_streaks;

#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, time::Duration};

use contracts::{Field, FieldSet, Reason, UserId};

use super::{Call, Response, backoff::doubled};
pub(crate) use failure_scope::FailureScope;
pub use halt_cause::HaltCause;
pub(crate) use recovery_check::RecoveryCheck;
use rejection_streaks::RejectionStreaks;

/// The longest wait taken from a `Retry-After` header, so that an early recovery is noticed.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(1);
/// At most this many failed calls are remembered. Two without a record in common halt delivery, so more are not needed.
const MAX_FAILED_CALLS: usize = 8;

/// Why to halt, and how to find out that delivery may go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Evidence {
    pub(crate) cause: HaltCause,
    pub(crate) reason: Reason,
    /// The wait that HubSpot asks for.
    pub(crate) retry_after: Option<Duration>,
    /// What a recovery check has to do.
    pub(crate) check: RecoveryCheck,
    /// Records that failed for this cause.
    pub(crate) affected: Vec<UserId>,
}

/// Delivery is halted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Halt {
    pub(crate) cause: HaltCause,
    pub(crate) reason: Reason,
    /// When the next recovery check may leave.
    pub(crate) check_at: Duration,
    check: RecoveryCheck,
    /// The records that failed for this cause.
    affected: BTreeSet<UserId>,
    failed_checks: u32,
}

impl Halt {
    /// Whether this response to a recovery check shows that the cause is gone.
    pub(crate) fn is_over(&self, call: &Call, response: &Response) -> bool {
        self.check.is_passed_by(call, response)
    }

    /// Whether a call for the account's details can show that the cause is gone, so that no record is needed.
    pub(crate) fn is_checked_by_account_call(&self) -> bool {
        self.cause.is_checked_by_account_call() || self.check == RecoveryCheck::Account
    }

    /// Whether the next recovery check may use this record. The first check uses a record that failed. If such a record
    /// may be at fault itself, every other check uses one that did not.
    pub(crate) fn may_check_with(&self, user: &UserId) -> bool {
        let wants_unaffected = self.cause.is_checked_by_others() && self.failed_checks % 2 == 1;
        self.affected.contains(user) != wants_unaffected
    }
}

/// Whether calls may be made.
#[derive(Debug, Default)]
pub(crate) struct CircuitBreaker {
    halt: Option<Halt>,
    /// How often it halted since a write succeeded; the wait before a check doubles with it.
    halts: u32,
    /// The records of each call that failed without an explanation since the last success.
    failed_calls: Vec<BTreeSet<UserId>>,
    streaks: RejectionStreaks,
}

impl CircuitBreaker {
    pub(crate) fn current_halt(&self) -> Option<&Halt> {
        self.halt.as_ref()
    }

    pub(crate) fn is_halted(&self) -> bool {
        self.halt.is_some()
    }

    /// Whether a call for the account's details is due as a recovery check.
    pub(crate) fn wants_account_call(&self, now: Duration) -> bool {
        self.halt
            .as_ref()
            .is_some_and(|halt| halt.is_checked_by_account_call() && halt.check_at <= now)
    }

    /// How many calls for records may be in flight: none while halted, except one when a recovery check is due.
    pub(crate) fn max_calls(&self, now: Duration) -> usize {
        match &self.halt {
            None => usize::MAX,
            Some(halt) if !halt.is_checked_by_account_call() && halt.check_at <= now => 1,
            Some(_) => 0,
        }
    }

    /// Halts delivery. `is_check` says whether the evidence comes from a recovery check.
    pub(crate) fn trip(&mut self, now: Duration, evidence: Evidence, is_check: bool) {
        // The calls in flight when it halted fail as well and tell nothing new. But a record that meets the rejection
        // that caused the halt is one more affected record.
        if let Some(halt) = self.halt.as_mut().filter(|_| !is_check) {
            if halt.cause == evidence.cause && matches!(halt.cause, HaltCause::RejectsEveryRecord(_)) {
                halt.affected.extend(evidence.affected);
            }
            return;
        }
        self.failed_calls.clear();
        // A check that fails for another cause starts over with that cause.
        let before = self.halt.take().filter(|halt| halt.cause == evidence.cause);
        let check = match evidence.check {
            RecoveryCheck::Account => RecoveryCheck::Account,
            check => evidence.cause.recovery_check().unwrap_or(check),
        };
        let (mut affected, failed_checks) = match before {
            Some(halt) => (halt.affected, halt.failed_checks + 1),
            None => (BTreeSet::new(), 0),
        };
        let check_at = now + self.wait(&evidence, failed_checks);
        // The record of a failed check is affected from now on, so that in the end a check uses one that is not.
        affected.extend(evidence.affected);
        self.halt = Some(Halt {
            cause: evidence.cause,
            reason: evidence.reason,
            check_at,
            check,
            affected,
            failed_checks,
        });
    }

    /// How long to wait before the next check. The wait doubles, with one exception: after a check with an affected
    /// record, which may be at fault itself, a check with another record follows soon.
    fn wait(&mut self, evidence: &Evidence, failed_checks: u32) -> Duration {
        let (first, max) = evidence.cause.waits();
        if let Some(retry_after) = evidence.retry_after {
            return retry_after.min(MAX_RETRY_AFTER).max(first);
        }
        if evidence.cause.is_checked_by_others() && failed_checks % 2 == 1 {
            return first;
        }
        let wait = doubled(first, self.halts).min(max);
        self.halts = self.halts.saturating_add(1);
        wait
    }

    /// A recovery check with this record, or with none, was passed.
    pub(crate) fn resume(&mut self, user: Option<&UserId>) {
        if let Some(halt) = self.halt.take()
            && user.is_some_and(|user| !halt.affected.contains(user))
        {
            // Other records are written, so the affected records are rejected for their own values. They must not halt
            // delivery again.
            self.streaks.exclude(&halt.affected);
        }
        self.failed_calls.clear();
    }

    /// The token was replaced, which may end the halt: check at once.
    pub(crate) fn check_now(&mut self, now: Duration) {
        if let Some(halt) = &mut self.halt {
            halt.check_at = now;
        }
    }

    /// A write of these fields succeeded.
    pub(crate) fn record_success(&mut self, fields: FieldSet) {
        self.failed_calls.clear();
        self.streaks.record_success(fields);
        if self.halt.is_none() {
            self.halts = 0;
        }
    }

    /// A call for these records failed without an explanation. Returns whether an earlier failed call had no record in
    /// common with it: then no single record can be at fault.
    pub(crate) fn record_failed_call(&mut self, records: BTreeSet<UserId>) -> bool {
        if self
            .failed_calls
            .iter()
            .any(|earlier| earlier.is_disjoint(&records))
        {
            return true;
        }
        if self.failed_calls.len() < MAX_FAILED_CALLS {
            self.failed_calls.push(records);
        }
        false
    }

    /// A record's value of a field was rejected. Returns the records whose rejections show that the account is at
    /// fault, if they do.
    pub(crate) fn record_rejection(
        &mut self,
        field: Field,
        code: &str,
        user: &UserId,
    ) -> Option<BTreeSet<UserId>> {
        // A recovery check, or a record that was on its way, met the rejection that caused the halt. It is the account's
        // fault already, so no streak is needed.
        let is_cause = self.halt.as_ref().is_some_and(|halt| {
            halt.cause == HaltCause::RejectsEveryRecord(field) && halt.reason.code == code
        });
        if is_cause {
            Some(BTreeSet::from([user.clone()]))
        } else {
            self.streaks.record_rejection(field, code, user)
        }
    }
}
