//! Whether this worker may deliver at all: the account behind the token, the lease, the line, the shutdown.

use std::time::Duration;

use contracts::{ChangeLease, LeaseAnswer, Reason, delivery::LeaseAction};

use super::{
    AttemptId, CallError, CallErrorKind, Engine, HaltCause, Output, Response, UserServiceError, WorkerStatus,
    attempt::Blame,
    claims::Claims,
    lease::Change,
    line::{Grounds, RecoveryCheck, Stop, fault_of},
};

/// How long calls go unanswered before the lease is left to another worker that asks for it.
const SILENCE: Duration = Duration::from_secs(30);

impl Engine {
    pub(super) fn ask_lease(&mut self) {
        let due = self.lease.next_ask().is_some_and(|at| at <= self.now);
        let Some(account_id) = self.account_id.clone().filter(|_| due && !self.stopped) else {
            return;
        };
        let silent = self.silent_since.is_some_and(|since| since + SILENCE <= self.now);
        self.wish = match () {
            () if self.draining && self.is_drained() => LeaseAction::Release,
            () if silent && self.lease.may_step_aside() => LeaseAction::Yield,
            () => LeaseAction::Hold,
        };
        self.lease.ask(self.now);
        self.asked_with = Some(account_id.clone());
        let ask = ChangeLease {
            holder: self.settings.holder.clone(),
            account_id,
            action: self.wish,
        };
        self.outputs.push_back(Output::ChangeLease(ask));
    }

    pub(super) fn lease_answered(&mut self, answer: Result<LeaseAnswer, UserServiceError>) {
        // Asked for with the account of a token since replaced, it gives no right to the links of this one.
        let answer = if self.asked_with == self.account_id {
            answer
        } else {
            Err(UserServiceError::NoResponse)
        };
        match self.lease.answered(self.now, self.wish, answer) {
            Change::None if self.lease.is_paused() => self.give_all_back(&paused()),
            Change::None => {}
            Change::Lost => {
                self.let_go();
                self.outputs.push_back(Output::CloseConsumer);
            }
            Change::Gained(epoch) => {
                self.let_go();
                self.claims.begin();
                self.silent_since = None;
                self.outputs.push_back(Output::OpenConsumer { epoch });
            }
        }
    }

    /// The user service said so otherwise than in answer to the question for the lease.
    pub(super) fn lease_is_lost(&mut self) {
        if self.lease.lose() == Change::Lost {
            self.let_go();
            self.outputs.push_back(Output::CloseConsumer);
        }
    }

    /// Drops all work of the lease that is over. The next holder finds the rows that are left open; only of attempts
    /// for which something was called there is something to say.
    fn let_go(&mut self) {
        self.wake_ups.clear();
        self.claims = Claims::default();
        for id in self.ready.drain() {
            if self.attempts.get(&id).is_some_and(|attempt| attempt.began) {
                self.give_back(id, Reason::ours("LEASE_LOST", "another worker delivers"));
            } else {
                self.attempts.remove(&id);
            }
        }
    }

    fn give_back(&mut self, id: AttemptId, reason: Reason) {
        if let Some(attempt) = self.attempts.get_mut(&id) {
            attempt.fail(reason, Blame::Nobody, true);
            self.finish(id);
        }
    }

    /// Stops the line; what is claimed and not out goes back, at nobody's charge.
    pub(super) fn stop_line(&mut self, grounds: Grounds) {
        let reason = grounds.reason.clone();
        self.line.stop(self.now, grounds);
        self.give_all_back(&reason);
    }

    /// What is claimed and not out goes back.
    fn give_all_back(&mut self, reason: &Reason) {
        for id in self.ready.drain() {
            self.give_back(id, reason.clone());
        }
    }

    /// HubSpot said which account the token opens.
    pub(super) fn account_is(&mut self, account_id: String) {
        self.account_checked = true;
        let before = self.account_id.replace(account_id);
        if before.is_some() && before != self.account_id {
            // The lease was for the other account: its epoch must not be written under.
            self.lease_is_lost();
        }
    }

    /// HubSpot did not say which account the token opens.
    pub(super) fn account_failed(&mut self, problem: &CallError) {
        let (fault, asked) = match (&problem.kind, fault_of(problem)) {
            (_, Some((fault, asked))) => (fault, asked),
            (
                CallErrorKind::RateLimited {
                    limit: policy,
                    retry_after,
                },
                None,
            ) => {
                return self
                    .rate_limiter
                    .record_rejection(self.now, *policy, *retry_after);
            }
            (CallErrorKind::ServerError { retry_after }, None) => (HaltCause::Outage, *retry_after),
            (_, None) => (HaltCause::Outage, None),
        };
        let grounds = self.grounds(fault, problem, asked, RecoveryCheck::Account, &[]);
        self.stop_line(grounds);
    }

    pub(super) fn token_replaced(&mut self) {
        self.account_checked = false;
        self.outdate_inspections();
        self.line.probe_now(self.now);
    }

    /// Whether an answer shows that HubSpot can be heard, for stepping aside where it cannot.
    pub(super) fn hear(&mut self, answer: &Response) {
        let silent = match answer {
            Response::Error(problem) => matches!(
                problem.kind,
                CallErrorKind::NoResponse
                    | CallErrorKind::Unreachable
                    // Nothing was sent; another worker asks for a token of its own.
                    | CallErrorKind::Disconnected
                    | CallErrorKind::Misconfigured
                    | CallErrorKind::NoToken
            ),
            Response::Account { .. }
            | Response::Found { .. }
            | Response::Updated { .. }
            | Response::Created { .. }
            | Response::Inspected(_)
            | Response::Contact(_) => false,
        };
        self.silent_since = if silent {
            self.silent_since.or(Some(self.now))
        } else {
            None
        };
    }

    pub(super) fn shut_down(&mut self) {
        self.draining = true;
        self.give_all_back(&Reason::ours("SHUTTING_DOWN", "the worker is stopping"));
    }

    fn is_drained(&self) -> bool {
        // Nothing hangs on a question for the account.
        let none_out = self.calls.values().all(|out| out.attempts.is_empty());
        none_out && self.attempts.is_empty() && self.reports.is_empty()
    }

    /// Once everything is reported: gives the lease back at once, and is done when that is answered.
    pub(super) fn end_if_drained(&mut self) {
        if !self.draining || self.stopped || !self.is_drained() {
            return;
        }
        if self.lease.epoch().is_none() || self.lease.is_released() {
            self.stopped = true;
            self.outputs.push_back(Output::ShutDownComplete);
        } else if self.lease.hurry(self.now) {
            self.ask_lease();
        }
    }

    /// The state of the line, for health and metrics.
    pub fn status(&self) -> WorkerStatus {
        if let Some(remembered) = self.lease.remembered() {
            return WorkerStatus::OtherAccount {
                remembered: remembered.to_owned(),
            };
        }
        if self.lease.is_paused() {
            return WorkerStatus::Paused;
        }
        let stop = self.line.stopped().filter(|_| !self.waits_for_records());
        match (stop, &self.account_id, self.lease.epoch()) {
            (Some(stop), _, _) => WorkerStatus::Halted {
                cause: stop.fault,
                reason: stop.reason.clone(),
            },
            (None, None, _) => WorkerStatus::Starting,
            (None, Some(_), None) => WorkerStatus::Standby,
            (None, Some(_), Some(_)) => WorkerStatus::Running,
        }
    }

    /// Whether only a record can show that the fault is over, while another worker has them all: what was seen here
    /// last says nothing of HubSpot, and goes on saying so until the lease comes back.
    fn waits_for_records(&self) -> bool {
        let by_account = self.line.stopped().is_some_and(Stop::is_probed_by_account);
        self.account_id.is_some() && self.lease.epoch().is_none() && !by_account
    }

    pub(super) fn show_line(&mut self) {
        let state = self.status();
        if !self.shown.as_ref().is_some_and(|shown| shown.is_like(&state)) {
            self.shown = Some(state.clone());
            self.outputs.push_back(Output::Status(state));
        }
    }
}

/// Why a user is given back while delivery is paused.
pub(super) fn paused() -> Reason {
    Reason::ours("PAUSED", "an operator has paused delivery")
}
