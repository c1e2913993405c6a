//! Calls that did not succeed as a whole: whose fault it is, and what is sent again.

use std::{collections::BTreeSet, time::Duration};

use contracts::{Reason, UserId};

use super::{
    AttemptId, Call, CallError, CallErrorKind, Engine, HaltCause,
    attempt::{Attempt, Blame},
    line::{Grounds, RecoveryCheck, fault_of},
};

impl Engine {
    /// The call as a whole did not succeed.
    pub(super) fn call_failed(
        &mut self,
        call: &Call,
        attempts: &[AttemptId],
        problem: &CallError,
        probe: bool,
    ) {
        let reason = &problem.reason;
        if let Some((fault, asked)) = fault_of(problem) {
            let grounds = self.grounds(fault, problem, asked, RecoveryCheck::after(call), attempts);
            let reason = grounds.reason.clone();
            self.stop_line(grounds);
            return self.fail_all(attempts, &reason);
        }
        match &problem.kind {
            CallErrorKind::RateLimited {
                limit: policy,
                retry_after,
            } => {
                self.rate_limiter
                    .record_rejection(self.now, *policy, *retry_after);
                self.fail_all(attempts, reason);
            }
            CallErrorKind::ServerError { .. } | CallErrorKind::NoResponse | CallErrorKind::UnreadableBody => {
                self.may_be_an_outage(call, attempts, problem, probe);
            }
            CallErrorKind::Locked if attempts.len() > 1 => {
                self.halve(attempts);
                for id in attempts {
                    self.leave_locked(*id);
                }
                self.fail_all(attempts, reason);
            }
            _ if attempts.len() > 1 => self.limit_batches(attempts),
            // A page of a firewall, a redirect: it may be this record's fault, but not that of another one as well.
            CallErrorKind::Forbidden | CallErrorKind::UnexpectedStatus => {
                self.may_be_an_outage(call, attempts, problem, probe);
            }
            _ => self.failed_alone(call, attempts, problem),
        }
    }

    /// The call failed for no reason that names a record.
    fn may_be_an_outage(&mut self, call: &Call, attempts: &[AttemptId], problem: &CallError, probe: bool) {
        if call.writes()
            && let Some(late) = may_have_written(&problem.kind)
        {
            for id in attempts {
                if let Some(attempt) = self.attempts.get_mut(id) {
                    attempt.may_have_been_written(late);
                }
            }
        }
        let everyone = self.line.failed(self.users_of(attempts));
        if everyone || probe {
            let asked = match problem.kind {
                CallErrorKind::ServerError { retry_after } => retry_after,
                _ => None,
            };
            let grounds = self.grounds(
                HaltCause::Outage,
                problem,
                asked,
                RecoveryCheck::after(call),
                attempts,
            );
            self.stop_line(grounds);
            return self.fail_all(attempts, &problem.reason);
        }
        match problem.kind {
            _ if attempts.len() == 1 => self.failed_alone(call, attempts, problem),
            CallErrorKind::ServerError { .. } if matches!(call, Call::Create { .. }) => {
                self.halve(attempts);
                self.each(attempts, Attempt::look_before_creating_again);
            }
            CallErrorKind::ServerError { .. } => self.limit_batches(attempts),
            // Sending the halves at once could take their whole term; they are claimed again in smaller batches.
            _ => {
                self.halve(attempts);
                self.fail_all(attempts, &problem.reason);
            }
        }
    }

    /// Grounds to stop, of a problem that these attempts met.
    pub(super) fn grounds(
        &self,
        fault: HaltCause,
        problem: &CallError,
        asked: Option<Duration>,
        proof: RecoveryCheck,
        attempts: &[AttemptId],
    ) -> Grounds {
        Grounds {
            fault,
            reason: fault.reason_in(problem).clone(),
            asked,
            proof,
            // A single one, for that it cannot be mended is found out by a single call.
            suspects: attempts
                .iter()
                .filter_map(|id| self.user_of(*id))
                .take(1)
                .collect(),
        }
    }

    fn users_of(&self, attempts: &[AttemptId]) -> BTreeSet<UserId> {
        attempts.iter().filter_map(|id| self.user_of(*id)).collect()
    }

    /// Nobody's fault: given back.
    pub(super) fn fail_all(&mut self, attempts: &[AttemptId], reason: &Reason) {
        self.each(attempts, |attempt, _| {
            attempt.fail(reason.clone(), Blame::Nobody, true);
        });
    }

    /// Sends the halves again at once, until the guilty record stands alone.
    pub(super) fn limit_batches(&mut self, attempts: &[AttemptId]) {
        self.halve(attempts);
        for id in attempts {
            self.route(*id);
        }
    }

    fn halve(&mut self, attempts: &[AttemptId]) {
        let limit = attempts.len().div_ceil(2);
        for id in attempts {
            let Some(attempt) = self.attempts.get_mut(id) else {
                continue;
            };
            attempt.batch_limit = limit;
            if let Some(user) = self.wake_ups.get_mut(&attempt.claim.user_id) {
                user.batch_limit = limit;
            }
        }
    }

    fn failed_alone(&mut self, call: &Call, attempts: &[AttemptId], problem: &CallError) {
        match (call, &problem.kind) {
            (Call::Update { .. } | Call::Create { .. } | Call::UpdateSingle { .. }, _) => {
                for id in attempts {
                    self.refused_alone(*id, problem);
                }
            }
            (Call::Read { .. }, CallErrorKind::NotFound) => {
                self.each(attempts, Attempt::is_gone);
            }
            (Call::FindSingle { .. }, CallErrorKind::NotFound) => {
                self.each(attempts, Attempt::address_is_absent);
            }
            (
                Call::Find { .. }
                | Call::Inspect(_)
                | Call::FindSingle { .. }
                | Call::Read { .. }
                | Call::Account,
                kind,
            ) => {
                let may_pass = may_pass(kind);
                let reason = &problem.reason;
                self.each(attempts, |attempt, _| {
                    attempt.fail(reason.clone(), Blame::Record, may_pass);
                });
            }
        }
    }
}

/// Whether a call that failed so may have written what it carried, and then, whether it may still do so.
fn may_have_written(kind: &CallErrorKind) -> Option<bool> {
    match kind {
        CallErrorKind::ServerError { .. } | CallErrorKind::NoResponse => Some(true),
        CallErrorKind::UnreadableBody => Some(false),
        _ => None,
    }
}

/// Whether time alone may mend it.
fn may_pass(kind: &CallErrorKind) -> bool {
    matches!(
        kind,
        CallErrorKind::ServerError { .. }
            | CallErrorKind::NoResponse
            | CallErrorKind::UnreadableBody
            | CallErrorKind::Locked
    )
}
