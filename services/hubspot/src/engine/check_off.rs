//! Answers: each attempt of a call is checked off by name. A success counts for what it lists and for nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use contracts::{FieldSet, Reason, UserId};

use super::{
    AttemptId, Call, CallError, CallErrorKind, CallId, CallResponse, Engine, HaltCause, InputError, Response,
    UpdateInput, UpdatedContact,
    attempt::{Attempt, Rules, Step},
    deliver::{Out, contacts_of},
    line::{Grounds, RecoveryCheck, Stop, fault_of},
    lookups::found_alone,
};

/// How long HubSpot's locks last.
const LOCK: Duration = Duration::from_secs(2);

impl Engine {
    pub(super) fn answered(&mut self, id: CallId, answered: CallResponse) {
        let Some(out) = self.calls.remove(&id) else {
            return self.inspection_answered(id, answered);
        };
        for contact_id in contacts_of(&out.call) {
            self.busy.remove(contact_id);
        }
        let CallResponse {
            response: answer,
            rate_limits: limits,
            last_response: said,
        } = answered;
        for id in &out.attempts {
            if let Some(attempt) = self.attempts.get_mut(id) {
                attempt.answer.clone_from(&said);
            }
        }
        self.hear(&answer);
        if self.silent_since.is_none() {
            let still_out = self.calls.len() + self.inspections.out();
            self.rate_limiter.learn(self.now, out.sent_at, &limits, still_out);
        }
        self.line.probing = out.probe;
        let is_over = |stop: &Stop| out.probe && stop.is_over(&out.call, &answer);
        if self.line.stopped().is_some_and(is_over) {
            let user = out.attempts.first().and_then(|id| self.user_of(*id));
            self.line.resume(user.as_ref());
        }
        self.check_off(out, answer);
        self.line.probing = false;
        self.stop_at_end_of_day();
    }

    /// The day's calls are not spent to the last: HubSpot need not refuse any.
    pub(super) fn stop_at_end_of_day(&mut self) {
        if self.rate_limiter.has_day_left(self.now) || self.line.stopped().is_some() {
            return;
        }
        let reason = Reason::ours(
            "DAILY_LIMIT",
            "no calls are left of the account's day, less what is reserved",
        );
        let frees_in = self
            .rate_limiter
            .day_frees_at(self.now)
            .map(|at| at.saturating_sub(self.now));
        self.stop_line(Grounds {
            fault: HaltCause::DailyQuota,
            reason,
            asked: frees_in,
            proof: RecoveryCheck::Answer,
            suspects: Vec::new(),
        });
    }

    fn check_off(&mut self, out: Out, answer: Response) {
        let Out {
            call,
            attempts,
            probe,
            ..
        } = out;
        match (call, answer) {
            (Call::Account, Response::Account { account_id, .. }) => self.account_is(account_id),
            (Call::Account, Response::Error(problem)) => self.account_failed(&problem),
            (call, Response::Error(problem)) => self.call_failed(&call, &attempts, &problem, probe),
            (Call::Find { addresses }, Response::Found { contacts, errors }) => {
                self.check_lookups(&attempts, &addresses, &contacts, &errors);
            }
            (Call::Update { inputs }, Response::Updated { results, errors }) => {
                if says_nothing(&inputs, &results, &errors) {
                    return self.check_silence(&Call::Update { inputs }, &attempts, errors, probe);
                }
                self.check_updates(&attempts, &inputs, &results, &errors);
            }
            (Call::Create { inputs }, Response::Created { results, errors }) => {
                self.check_creates(&attempts, &inputs, &results, &errors);
            }
            (Call::FindSingle { address }, Response::Contact(contact)) => {
                let found = found_alone(&contact, &address);
                self.each(&attempts, |attempt, rules| {
                    attempt.looked_up(rules, |_| found.clone());
                });
            }
            (Call::Read { .. }, Response::Contact(contact)) => {
                self.each(&attempts, |attempt, rules| attempt.was_read(&contact, rules));
            }
            (Call::UpdateSingle { .. }, Response::Contact(contact)) => {
                self.count_write(attempts.first().copied());
                self.each(&attempts, |attempt, rules| {
                    attempt.was_written(&contact.id, rules);
                });
            }
            (
                call,
                Response::Account { .. }
                | Response::Found { .. }
                | Response::Updated { .. }
                | Response::Created { .. }
                | Response::Inspected(_)
                | Response::Contact(_),
            ) => {
                let reason = Reason::ours("MISMATCHED_ANSWER", "the answer is to another kind of call");
                let problem = CallError {
                    kind: CallErrorKind::UnreadableBody,
                    reason,
                };
                self.call_failed(&call, &attempts, &problem, probe);
            }
        }
    }

    /// Does something with each attempt, and sends it on its way.
    pub(super) fn each(&mut self, attempts: &[AttemptId], mut act: impl FnMut(&mut Attempt, Rules<'_>)) {
        let rules = Self::rules(&self.settings, self.account_id.as_ref());
        for id in attempts {
            if let Some(attempt) = self.attempts.get_mut(id) {
                act(attempt, rules);
            }
        }
        for id in attempts {
            self.route(*id);
        }
    }

    fn check_updates(
        &mut self,
        attempts: &[AttemptId],
        inputs: &[UpdateInput],
        results: &[UpdatedContact],
        errors: &[InputError],
    ) {
        let by_trace: BTreeMap<&str, &UpdatedContact> = results
            .iter()
            .filter_map(|result| Some((result.trace_id.as_deref()?, result)))
            .collect();
        let traces: BTreeSet<&str> = inputs.iter().map(|input| input.trace_id.as_str()).collect();
        // A result that names an input by its trace is that one's alone, whatever contact it was written to.
        let by_id: BTreeMap<&str, &UpdatedContact> = results
            .iter()
            .filter(|result| {
                result
                    .trace_id
                    .as_deref()
                    .is_none_or(|trace| !traces.contains(trace))
            })
            .map(|result| (result.contact_id.as_str(), result))
            .collect();
        for (id, input) in attempts.iter().zip(inputs) {
            let written = by_trace
                .get(input.trace_id.as_str())
                .or_else(|| by_id.get(input.contact_id.as_str()));
            let error = errors
                .iter()
                .find(|error| error.names(input))
                .map(|error| &error.error);
            match (written, error) {
                (Some(written), None) => {
                    self.count_write(Some(*id));
                    self.each(&[*id], |attempt, rules| {
                        attempt.was_written(&written.contact_id, rules);
                    });
                }
                (written, Some(problem)) => {
                    // Listed as both, it counts as refused, and may have been written all the same.
                    if let Some(attempt) = self.attempts.get_mut(id).filter(|_| written.is_some()) {
                        attempt.may_have_been_written(false);
                    }
                    self.refused_alone(*id, problem);
                }
                (None, None) => self.each(&[*id], |attempt, _| {
                    attempt.may_have_been_written(false);
                    attempt.passed_over();
                }),
            }
        }
    }

    /// A success that lists nobody as written and names nobody in its errors.
    fn check_silence(&mut self, call: &Call, attempts: &[AttemptId], errors: Vec<InputError>, probe: bool) {
        for id in attempts {
            if let Some(attempt) = self.attempts.get_mut(id) {
                attempt.may_have_been_written(false);
            }
        }
        match errors.into_iter().next() {
            Some(error) => self.call_failed(call, attempts, &error.error, probe),
            // Smaller ones tell more.
            None if attempts.len() > 1 => self.limit_batches(attempts),
            None => self.each(attempts, |attempt, _| attempt.passed_over()),
        }
    }

    /// A write of this attempt's record, and no other, met a problem.
    pub(super) fn refused_alone(&mut self, id: AttemptId, problem: &CallError) {
        if let Some((fault, asked)) = fault_of(problem) {
            let grounds = self.grounds(fault, problem, asked, RecoveryCheck::Write, &[id]);
            let reason = grounds.reason.clone();
            self.stop_line(grounds);
            return self.fail_all(&[id], &reason);
        }
        if problem.kind == CallErrorKind::Locked {
            self.leave_locked(id);
        }
        let rules = Self::rules(&self.settings, self.account_id.as_ref());
        if let Some(attempt) = self.attempts.get_mut(&id) {
            let before: FieldSet = attempt.refusals().map(|(field, _)| field).collect();
            if attempt.step == Step::Create {
                attempt.create_failed(problem.clone(), rules);
            } else {
                attempt.write_failed(problem.clone(), rules);
            }
            let now = attempt.refusals().filter(|(field, _)| !before.contains(*field));
            let refused: Vec<_> = now.map(|(field, reason)| (field, reason.clone())).collect();
            self.count_refusals(id, &refused);
        }
        self.route(id);
    }

    pub(super) fn user_of(&self, id: AttemptId) -> Option<UserId> {
        self.attempts
            .get(&id)
            .map(|attempt| attempt.claim.user_id.clone())
    }

    /// The record is not touched again before its lock is over.
    pub(super) fn leave_locked(&mut self, id: AttemptId) {
        let until = self.now + LOCK;
        if let Some(user) = self
            .user_of(id)
            .and_then(|user_id| self.wake_ups.get_mut(&user_id))
        {
            user.not_before = until;
        }
    }

    /// A write succeeded: HubSpot works, and records that keep failing fail by their own fault.
    pub(super) fn count_write(&mut self, id: Option<AttemptId>) {
        self.writes += 1;
        let attempt = id.and_then(|id| self.attempts.get(&id));
        self.line
            .succeeded(attempt.map_or(FieldSet::EMPTY, Attempt::sent));
        let user_id = attempt.map(|attempt| attempt.claim.user_id.clone());
        if let Some(user) = user_id.and_then(|user_id| self.wake_ups.get_mut(&user_id)) {
            // Its own success does not count against it.
            user.failed_after = user.failed_after.map(|writes| writes + 1);
        }
    }
}

impl InputError {
    /// Whether it is about this input. Where it names inputs by their traces, the ids beside them count only if they are
    /// those of contacts that were not found: of a conflict they could be the other contact's.
    fn names(&self, input: &UpdateInput) -> bool {
        let by_id = self.trace_ids.is_empty() || self.error.kind == CallErrorKind::NotFound;
        self.trace_ids.contains(&input.trace_id) || (by_id && self.ids.contains(&input.contact_id))
    }
}

/// Whether a batch's answer neither lists an input as written nor names one in its errors.
fn says_nothing(inputs: &[UpdateInput], results: &[UpdatedContact], errors: &[InputError]) -> bool {
    results.is_empty()
        && !errors
            .iter()
            .any(|error| inputs.iter().any(|input| error.names(input)))
}
