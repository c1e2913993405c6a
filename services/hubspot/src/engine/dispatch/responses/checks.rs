//! Failures that may be a record's or the account's: each waits for a check, and the check decides it.

use std::time::Duration;

use contracts::Reason;

use super::{Context, Dispatch};
use crate::engine::{
    CallError, Check, HaltCause, Response,
    attempt::{Attempt, Event, Failure},
    calls::CallInFlight,
    check::CheckResult,
    circuit_breaker::{Evidence, FailureScope, RecoveryCheck},
    dispatch::Effect,
    failed_calls::{self, PossibleWrite, Retry},
    io::AttemptId,
    undecided::UndecidedFailure,
};

impl Dispatch {
    /// A call failed, and a record or the account may be at fault.
    pub(super) fn handle_undecided_failure(
        &mut self,
        call: &CallInFlight,
        cause: HaltCause,
        error: &CallError,
        context: Context<'_>,
    ) {
        let attempts = &call.attempts;
        // Before anything else ends the attempts: their results have to say what may have been written.
        let possible_write = failed_calls::possible_write(&error.kind);
        if call.call.writes() && possible_write != PossibleWrite::None {
            for id in attempts {
                self.mark_possibly_written(*id, possible_write == PossibleWrite::AppliedOrLate);
            }
        }
        let check = Check::after(&call.call, cause);
        if let [id] = attempts[..] {
            return self.add_undecided(id, check, cause, error, context);
        }
        if self.circuit_breaker.is_halted() {
            return self.give_back_all(attempts, &error.reason, context);
        }
        // The halves leave together with the check. If it shows that the account is at fault, they are given back.
        self.want_check(check);
        match failed_calls::retry_of_batch(&call.call, error) {
            Retry::LookUpCreates => {
                self.halve_batch_limits(attempts);
                self.tell_all(attempts, context, || Event::CreateMayHaveHappened);
            }
            Retry::SplitNow => self.split_batch(attempts, context),
            Retry::SplitLater => {
                self.halve_batch_limits(attempts);
                self.give_back_all(attempts, &error.reason, context);
            }
        }
    }

    /// A record failed alone, and it or the account may be at fault. Its attempt waits for the check.
    pub(super) fn add_undecided(
        &mut self,
        id: AttemptId,
        check: Check,
        cause: HaltCause,
        error: &CallError,
        context: Context<'_>,
    ) {
        let now = context.moment.now;
        let Some(user) = self.user_of(id) else { return };
        let reason = cause.reason_in(error);
        if context.is_check {
            self.circuit_breaker
                .record_failed_recovery_check(now, &user, reason);
        }
        // What fails during a halt tells nothing new, and no check leaves any more once the worker may not deliver.
        let epoch = self.attempts.get(&id).map(Attempt::epoch);
        let may_deliver =
            epoch.is_some_and(|epoch| context.moment.leadership.reason_to_give_back(epoch).is_none());
        if self.circuit_breaker.is_halted() || !may_deliver {
            return self.give_back_all(&[id], reason, context);
        }
        if let Some(users) = self.circuit_breaker.record_failure(check, cause, &user) {
            let evidence = Evidence {
                cause,
                reason: reason.clone(),
                retry_after: None,
                check: RecoveryCheck::like(check),
                failed_check: None,
                affected: users.into_iter().collect(),
            };
            self.halt(now, evidence, false);
            return self.give_back_all(&[id], reason, context);
        }
        self.want_check(check);
        self.undecided
            .add(UndecidedFailure::new(id, check, error.clone()));
    }

    /// A check is to leave. While delivery is halted, only the recovery checks do.
    pub(super) fn want_check(&mut self, check: Check) {
        if !self.circuit_breaker.is_halted() {
            self.circuit_breaker.want_check(check);
        }
    }

    /// A check was answered: the failures that waited for it are decided.
    pub(super) fn handle_check(&mut self, check: Check, response: &Response, context: Context<'_>) {
        let now = context.moment.now;
        match check.result_of(response) {
            CheckResult::Passed => {
                self.effects.push(Effect::CheckPassed(check));
                if let Check::Property(field) = check {
                    self.circuit_breaker.record_usable_property(field);
                }
                for failure in self.undecided.take_decided(check) {
                    self.handle_failure_of_record(failure.attempt, &failure.error, context);
                }
            }
            CheckResult::Failed {
                cause,
                retry_after,
                reason,
            } => {
                let evidence = self.evidence_of_check(check, cause, retry_after, reason);
                self.halt(now, evidence, context.is_check);
            }
            CheckResult::RateLimited(retry_after) => {
                self.rate_limiter.record_rejection(now, retry_after);
                self.want_check(check);
            }
            CheckResult::Inconclusive => {
                self.circuit_breaker.postpone(now);
                for failure in self.undecided.take_decided(check) {
                    self.give_back_all(&[failure.attempt], &failure.error.reason, context);
                }
            }
        }
    }

    /// The evidence that a failed check is. HubSpot's own words about a record say more than those about a check.
    fn evidence_of_check(
        &self,
        check: Check,
        cause: HaltCause,
        retry_after: Option<Duration>,
        reason: Reason,
    ) -> Evidence {
        let failures = || self.undecided.iter().filter(|failure| failure.check == check);
        let same_cause =
            |failure: &&UndecidedFailure| failed_calls::possible_cause(&failure.error) == Some(cause);
        let told = failures().find(same_cause);
        let affected = failures().filter_map(|failure| self.user_of(failure.attempt));
        Evidence {
            cause,
            reason: told.map_or(reason, |failure| cause.reason_in(&failure.error).clone()),
            retry_after,
            check: RecoveryCheck::like(check),
            failed_check: (!cause.is_certain()).then_some(check),
            affected: affected.collect(),
        }
    }

    /// A call for this record alone failed, and the record is at fault.
    pub(super) fn handle_failure_of_record(
        &mut self,
        id: AttemptId,
        error: &CallError,
        context: Context<'_>,
    ) {
        let Some(attempt) = self.attempts.get(&id) else {
            return;
        };
        if attempt.is_writing() {
            return self.handle_failed_write(id, error, context);
        }
        let failure = Failure {
            reason: error.reason.clone(),
            scope: FailureScope::of(&error.kind),
            is_transient: failed_calls::is_transient(&error.kind),
            check: Check::Lookups,
        };
        self.tell(id, Event::Failed(failure), context);
    }
}
