//! Halts delivery when the account is at fault, and finds out when it may go on.
//!
//! It halts for errors that no record can cause (a rejected token, the daily limit, no connection, …), for a failed
//! [`Check`], which names no record, and for twenty records in a row that fail alike or whose values of one field are
//! rejected alike. While it is halted nothing leaves except recovery checks: one now and then, and a change of a user
//! that has not failed, at most one a second. Giving back the attempts that wait is left to dispatch.

mod failure_scope;
mod halt_cause;
mod recovery_check;
mod streaks;

#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, time::Duration};

use contracts::{Field, FieldSet, Reason, UserId};

use super::{Call, Check, Response, backoff::doubled, check::CheckResult};
pub(crate) use failure_scope::FailureScope;
pub use halt_cause::HaltCause;
pub(crate) use recovery_check::RecoveryCheck;
use streaks::{StreakKind, Streaks};

/// The longest wait taken from a `Retry-After` header, so that an early recovery is noticed.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(1);
/// The least time between two checks, so that records that keep failing do not use up the limits.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// The least time between two recovery checks with users that have not failed.
const LIVE_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Why to halt, and how to find out that delivery may go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Evidence {
    pub(crate) cause: HaltCause,
    pub(crate) reason: Reason,
    /// The wait that HubSpot asks for.
    pub(crate) retry_after: Option<Duration>,
    /// What a recovery check has to do.
    pub(crate) check: RecoveryCheck,
    /// The check that failed, if one did. It shows that the cause is gone when it succeeds.
    pub(crate) failed_check: Option<Check>,
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
    failed_check: Option<Check>,
    /// When the next recovery check with a user that has not failed may leave.
    live_check_at: Duration,
    /// The user of the last recovery check, whose attempt goes on although delivery is halted.
    checked_with: Option<CheckedWith>,
    /// The records that failed for this cause.
    affected: BTreeSet<UserId>,
    failed_checks: u32,
}

/// The user that a recovery check is made with.
#[derive(Debug, Clone, PartialEq, Eq)]
struct CheckedWith {
    user_id: UserId,
    /// Whether it was chosen because it has not failed, and not because a check was due.
    is_extra: bool,
}

impl Halt {
    /// Whether this response to a recovery check shows that the cause is gone.
    pub(crate) fn is_over(&self, call: &Call, response: &Response) -> bool {
        match call {
            Call::Check(check) => {
                self.failed_check == Some(*check) && check.result_of(response) == CheckResult::Passed
            }
            _ => self.check.is_passed_by(call, response),
        }
    }

    /// Whether a recovery check with a record is due that may have failed.
    fn is_record_check_due(&self, now: Duration) -> bool {
        self.failed_check.is_none() && !self.is_checked_by_account_call() && self.check_at <= now
    }

    /// When the next recovery check with a user that has not failed may leave, if such checks are made.
    pub(crate) fn next_live_check_at(&self) -> Option<Duration> {
        let is_useful = self.cause.is_checked_by_others() && !self.is_checked_by_account_call();
        is_useful.then_some(self.live_check_at)
    }

    /// Whether a user that has not failed may be used for a recovery check.
    pub(crate) fn may_check_live(&self, now: Duration) -> bool {
        self.next_live_check_at().is_some_and(|at| at <= now)
    }

    /// Whether the attempts of this user go on, because a recovery check is made with them.
    pub(crate) fn is_checked_with(&self, user: &UserId) -> bool {
        self.checked_with
            .as_ref()
            .is_some_and(|checked| checked.user_id == *user)
    }

    /// Whether this record failed for the cause of the halt.
    pub(crate) fn is_affected(&self, user: &UserId) -> bool {
        self.affected.contains(user)
    }

    /// Whether a call for the account's details can show that the cause is gone, so that no record is needed.
    pub(crate) fn is_checked_by_account_call(&self) -> bool {
        self.cause.is_checked_by_account_call() || self.check == RecoveryCheck::Account
    }

    /// Whether the next recovery check with a record prefers this one. The first check uses a record that failed. If such a
    /// record may be at fault itself, every other check uses one that did not.
    pub(crate) fn prefers(&self, user: &UserId) -> bool {
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
    /// The checks that are to tell whose fault a failure was.
    wanted_checks: BTreeSet<Check>,
    /// When the next check may leave.
    next_check_at: Duration,
    streaks: Streaks,
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

    /// How many calls for records may be in flight. While halted, only the attempt of a recovery check waits for one.
    pub(crate) fn max_calls(&self) -> usize {
        if self.halt.is_some() { 1 } else { usize::MAX }
    }

    /// Whether a user may be claimed for a recovery check.
    pub(crate) fn wants_record(&self, now: Duration) -> bool {
        self.halt
            .as_ref()
            .is_some_and(|halt| halt.is_record_check_due(now) || halt.may_check_live(now))
    }

    /// Whether a recovery check is due that may use any record.
    pub(crate) fn is_record_check_due(&self, now: Duration) -> bool {
        self.halt
            .as_ref()
            .is_some_and(|halt| halt.is_record_check_due(now))
    }

    /// An attempt of this user was claimed. While halted it is used for a recovery check, if one is due.
    pub(crate) fn start_recovery_check(&mut self, now: Duration, user: &UserId) {
        if !self.wants_record(now) {
            return;
        }
        if let Some(halt) = &mut self.halt {
            halt.checked_with = Some(CheckedWith {
                user_id: user.clone(),
                is_extra: !halt.is_record_check_due(now),
            });
            halt.live_check_at = now + LIVE_CHECK_INTERVAL;
        }
    }

    /// A recovery check with this record failed in a way that the record may have caused itself.
    pub(crate) fn record_failed_recovery_check(&mut self, now: Duration, user: &UserId, reason: &Reason) {
        let Some(halt) = &mut self.halt else { return };
        let is_extra = halt
            .checked_with
            .take_if(|checked| checked.user_id == *user)
            .is_some_and(|checked| checked.is_extra);
        halt.affected.insert(user.clone());
        if !is_extra && halt.is_record_check_due(now) {
            let evidence = Evidence {
                cause: halt.cause,
                reason: reason.clone(),
                retry_after: None,
                check: halt.check,
                failed_check: None,
                affected: Vec::new(),
            };
            self.trip(now, evidence, true);
        }
    }

    /// A check told nothing. If it was a recovery check, the next one comes later.
    pub(crate) fn postpone(&mut self, now: Duration) {
        let Some(halt) = self.halt.as_ref().filter(|halt| halt.failed_check.is_some()) else {
            return;
        };
        let evidence = Evidence {
            cause: halt.cause,
            reason: halt.reason.clone(),
            retry_after: None,
            check: halt.check,
            failed_check: halt.failed_check,
            affected: Vec::new(),
        };
        self.trip(now, evidence, true);
    }

    /// A failure may be its record's or the account's: this check will tell.
    pub(crate) fn want_check(&mut self, check: Check) {
        self.wanted_checks.insert(check);
    }

    /// The check that is to leave next, and when.
    pub(crate) fn next_check(&self) -> Option<(Check, Duration)> {
        let (check, due_at) = match &self.halt {
            Some(halt) => (halt.failed_check?, halt.check_at),
            None => (*self.wanted_checks.first()?, Duration::ZERO),
        };
        Some((check, due_at.max(self.next_check_at)))
    }

    /// A check leaves.
    pub(crate) fn record_check_sent(&mut self, now: Duration, check: Check) {
        self.wanted_checks.remove(&check);
        self.next_check_at = now + CHECK_INTERVAL;
    }

    /// The lease is lost, so the failures that were to be explained are another worker's business.
    pub(crate) fn drop_checks(&mut self) {
        self.wanted_checks.clear();
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
        self.wanted_checks.clear();
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
            failed_check: evidence.failed_check,
            live_check_at: now + LIVE_CHECK_INTERVAL,
            checked_with: None,
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
        let is_checked_with_records = evidence.failed_check.is_none();
        if is_checked_with_records && evidence.cause.is_checked_by_others() && failed_checks % 2 == 1 {
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
            // Other records are written, so the affected records fail, or are rejected, for themselves. They must not halt
            // delivery again.
            self.streaks.exclude(&halt.affected);
        }
    }

    /// The token was replaced, which may end the halt: check at once.
    pub(crate) fn check_now(&mut self, now: Duration) {
        if let Some(halt) = &mut self.halt {
            halt.check_at = now;
        }
    }

    /// A write of these fields succeeded.
    pub(crate) fn record_success(&mut self, fields: FieldSet) {
        self.streaks.record_write(fields);
        if self.halt.is_none() {
            self.halts = 0;
        }
    }

    /// A record was looked up with success.
    pub(crate) fn record_lookup(&mut self) {
        self.streaks.record_lookup();
    }

    /// A record failed alone, in a way that the account may be at fault for. Returns the records whose failures show that
    /// it is, if they do. A check that succeeds meanwhile changes nothing: HubSpot may fail for all records that exist.
    pub(crate) fn record_failure(
        &mut self,
        check: Check,
        cause: HaltCause,
        user: &UserId,
    ) -> Option<BTreeSet<UserId>> {
        self.streaks.record(&StreakKind::Failure(check, cause), user)
    }

    /// The property can be written, so its rejections so far count as rejections of values.
    pub(crate) fn record_usable_property(&mut self, field: Field) {
        self.streaks.end_failures_of(Check::Property(field));
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
            self.streaks
                .record(&StreakKind::Rejection(field, code.to_owned()), user)
        }
    }
}
