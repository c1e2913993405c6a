//! Handles the responses to calls: tells each attempt what the response means for it, and the circuit breaker and the
//! rate limiter what it means for the account.

mod checks;

use std::{collections::BTreeSet, time::Duration};

use contracts::{Field, FieldSet, Reason, UserId};

use super::{Dispatch, Effect, Moment};
use crate::engine::{
    Call, CallError, CallErrorKind, Check, InspectedContacts, RateLimit, Response, WrittenContact,
    attempt::{Attempt, Event, Failure, FoundContacts, LookupResult, result_of_single_lookup},
    batch_results::{self, InputResult, ReadBackResult, read_back_result},
    calls::CallInFlight,
    circuit_breaker::{Evidence, HaltCause, RecoveryCheck},
    failed_calls::{self, FailedCall},
    io::AttemptId,
};

/// How long HubSpot's locks last.
const LOCK: Duration = Duration::from_secs(2);

/// What all steps of handling one response need to know.
#[derive(Clone, Copy)]
struct Context<'a> {
    moment: Moment<'a>,
    /// Whether the call was a recovery check.
    is_check: bool,
}

/// What the same response says about other inputs.
#[derive(Debug, Default, Clone, Copy)]
struct OtherInputs {
    /// Whether any was carried out.
    is_any_done: bool,
    /// The fields that they wrote.
    written: FieldSet,
}

impl OtherInputs {
    /// Whether they show that this cause is not the account's.
    fn disprove(self, cause: HaltCause) -> bool {
        match cause {
            HaltCause::UnusableProperty(field) => self.written.contains(field),
            _ => self.is_any_done,
        }
    }
}

impl Dispatch {
    /// Handles the response to a call that was taken out of those in flight.
    pub(crate) fn handle_response(&mut self, call: &CallInFlight, response: &Response, moment: Moment<'_>) {
        let is_check = call.is_recovery_check;
        let halt = self.circuit_breaker.current_halt();
        let halt = halt.filter(|_| is_check && !call.is_of_former_token);
        // Delivery resumes before the attempts get the response, so that they go on instead of being given back.
        if halt.is_some_and(|halt| halt.is_over(&call.call, response)) {
            let user = call.attempts.first().and_then(|id| self.user_of(*id));
            self.circuit_breaker.resume(user.as_ref());
        }
        // HubSpot limits calls and not inputs, so what it says of one input holds for the next calls.
        for error in response.input_errors() {
            if let CallErrorKind::RateLimited {
                limit: RateLimit::Window,
                retry_after,
            } = error.error.kind
            {
                self.rate_limiter.record_rejection(moment.now, retry_after);
            }
        }
        self.handle_response_to(call, response, Context { moment, is_check });
        if call.is_of_former_token {
            // The response may have halted delivery for what is wrong with the former token.
            self.circuit_breaker.check_now(moment.now);
        }
    }

    fn handle_response_to(&mut self, call: &CallInFlight, response: &Response, context: Context<'_>) {
        let attempts = &call.attempts;
        match (&call.call, response) {
            // The account is asked for again with the present token.
            (Call::Account, _) if call.is_of_former_token => {}
            (Call::Account, Response::Account { account_id, .. }) => {
                self.effects.push(Effect::AccountKnown(account_id.clone()));
            }
            (Call::Account, Response::Error(error)) => self.handle_failed_account_call(error, context),
            (Call::Check(check), response) => self.handle_check(*check, response, context),
            (_, Response::Error(error)) => self.handle_failed_call(call, error, context),
            (Call::Find { addresses }, Response::Found { contacts, errors }) => {
                if !contacts.is_empty() {
                    self.circuit_breaker.record_lookup();
                }
                // Whether the failure of one address counts depends on a later check.
                if errors
                    .iter()
                    .any(|error| error.error.kind != CallErrorKind::NotFound)
                {
                    self.want_check(Check::Lookups);
                }
                let found = FoundContacts::new(addresses, contacts, errors);
                self.tell_all(attempts, context, || Event::LookedUp(&found));
            }
            (Call::Update { inputs }, Response::Updated { results, errors }) => {
                if let Some(results) = batch_results::update_results(inputs, results, errors) {
                    self.handle_input_results(attempts, results, Event::Updated, context);
                } else {
                    let error = errors.first().map(|error| &error.error);
                    self.handle_silent_update(call, error, context);
                }
            }
            (Call::Create { inputs }, Response::Created { results, errors }) => {
                let results = batch_results::create_results(inputs, results, errors);
                self.handle_input_results(attempts, results, Event::Created, context);
            }
            (Call::FindSingle { address }, Response::Contact(contact)) => {
                self.circuit_breaker.record_lookup();
                let result = result_of_single_lookup(contact, address);
                if matches!(result, LookupResult::Failed(_)) {
                    self.want_check(Check::Lookups);
                }
                self.tell_all(attempts, context, || Event::LookedUpSingle(result.clone()));
            }
            (Call::Read { .. }, Response::Contact(contact)) => {
                self.circuit_breaker.record_lookup();
                self.tell_all(attempts, context, || Event::ContactRead(contact));
            }
            (Call::ReadBack { .. }, Response::Inspected(inspected)) => {
                self.handle_read_back(attempts, inspected, context);
            }
            (Call::UpdateSingle { .. }, Response::UpdatedSingle(contact)) => {
                self.tell_all(attempts, context, || Event::Updated(contact));
            }
            (
                _,
                Response::Account { .. }
                | Response::Found { .. }
                | Response::Updated { .. }
                | Response::Created { .. }
                | Response::UpdatedSingle(_)
                | Response::Inspected(_)
                | Response::Property { .. }
                | Response::Contact(_),
            ) => {
                let reason = Reason::ours("MISMATCHED_ANSWER", "the answer is to another kind of call");
                let kind = CallErrorKind::UnreadableBody;
                self.handle_failed_call(call, &CallError { kind, reason }, context);
            }
        }
    }

    fn tell_all<'r>(&mut self, attempts: &[AttemptId], context: Context<'_>, event: impl Fn() -> Event<'r>) {
        for id in attempts {
            self.tell(*id, event(), context);
        }
    }

    /// Tells an attempt what the response means for it, and passes it on.
    fn tell(&mut self, id: AttemptId, event: Event<'_>, context: Context<'_>) {
        let policy = self.policy(context.moment);
        let Some(attempt) = self.attempts.get_mut(&id) else {
            return;
        };
        if matches!(event, Event::Updated(_) | Event::Created(_)) {
            self.circuit_breaker.record_success(attempt.sent());
            let user_id = attempt.claim().user_id.clone();
            self.effects.push(Effect::WriteSucceeded(user_id));
        }
        attempt.handle(event, policy);
        self.forward(id, context.moment);
    }

    /// The results of a batch write, in the order of the attempts; `done` makes the event of an input that was carried
    /// out.
    fn handle_input_results<'r>(
        &mut self,
        attempts: &[AttemptId],
        results: Vec<InputResult<'r>>,
        done: impl Fn(&'r WrittenContact) -> Event<'r>,
        context: Context<'_>,
    ) {
        let others = self.other_inputs(attempts, &results);
        for (id, result) in attempts.iter().copied().zip(results) {
            match result {
                InputResult::Done(contact) => self.tell(id, done(contact), context),
                InputResult::Failed {
                    error,
                    is_listed_as_done,
                } => {
                    if is_listed_as_done {
                        self.mark_possibly_written(id, false);
                    }
                    self.handle_failed_input(id, error, others, context);
                }
                InputResult::Unlisted { may_have_failed } => {
                    if may_have_failed && let Some(user_id) = self.user_of(id) {
                        // Sent by itself next time, the record gets an error of its own.
                        self.effects.push(Effect::LimitBatch(user_id, 1));
                    }
                    self.tell(id, Event::Unlisted, context);
                }
            }
        }
    }

    /// Contacts were read back after writes.
    fn handle_read_back(
        &mut self,
        attempts: &[AttemptId],
        inspected: &InspectedContacts,
        context: Context<'_>,
    ) {
        if !inspected.contacts.is_empty() {
            self.circuit_breaker.record_lookup();
        }
        for id in attempts {
            let contact_id = self.attempts.get(id).and_then(Attempt::contact_id);
            let Some(result) = contact_id.map(|contact_id| read_back_result(contact_id, inspected)) else {
                continue;
            };
            match result {
                ReadBackResult::Contact(profile) => self.tell(*id, Event::ReadBack(profile), context),
                ReadBackResult::Merged(contact) => self.tell(*id, Event::ContactRead(contact), context),
                ReadBackResult::Gone => self.tell(*id, Event::ContactNotFound, context),
                // Nothing is known, so the fields stay dirty and are written again.
                ReadBackResult::Failed(error) => {
                    self.want_check(Check::Lookups);
                    self.handle_failure_of_record(*id, error, context);
                }
                ReadBackResult::Unlisted => {
                    let reason = Reason::ours("NOT_LISTED", "a success did not list the contact to be read");
                    let failure = Failure {
                        check: Check::Lookups,
                        ..Failure::of_record(reason)
                    };
                    self.tell(*id, Event::Failed(failure), context);
                }
            }
        }
    }

    /// A batch update succeeded, but its response lists no input as done and names none in an error.
    fn handle_silent_update(&mut self, call: &CallInFlight, error: Option<&CallError>, context: Context<'_>) {
        for id in &call.attempts {
            self.mark_possibly_written(*id, false);
        }
        match error {
            Some(error) => self.handle_failed_call(call, error, context),
            // Smaller batches may show which record is not listed.
            None if call.attempts.len() > 1 => self.split_batch(&call.attempts, context),
            None => self.tell_all(&call.attempts, context, || Event::Unlisted),
        }
    }

    /// What the inputs of a batch show that were carried out. An input that failed is not among them.
    fn other_inputs(&self, attempts: &[AttemptId], results: &[InputResult<'_>]) -> OtherInputs {
        let mut others = OtherInputs::default();
        for (id, result) in attempts.iter().zip(results) {
            if let (InputResult::Done(_), Some(attempt)) = (result, self.attempts.get(id)) {
                others.is_any_done = true;
                others.written = others.written.union(attempt.sent());
            }
        }
        others
    }

    /// One input of a batch failed.
    fn handle_failed_input(
        &mut self,
        id: AttemptId,
        error: &CallError,
        others: OtherInputs,
        context: Context<'_>,
    ) {
        let certain = HaltCause::of(error).filter(|(cause, _)| cause.is_certain());
        if let Some((cause, retry_after)) = certain {
            let evidence = self.evidence(cause, retry_after, error, RecoveryCheck::Write, &[id]);
            let reason = evidence.reason.clone();
            self.halt(context.moment.now, evidence, context.is_check);
            return self.give_back_all(&[id], &reason, context);
        }
        match failed_calls::possible_cause(error) {
            Some(cause) if !others.disprove(cause) => {
                let check = match cause {
                    HaltCause::UnusableProperty(field) => Check::Property(field),
                    _ => Check::Writes,
                };
                self.add_undecided(id, check, cause, error, context);
            }
            _ => self.handle_failed_write(id, error, context),
        }
    }

    /// A write of this attempt's record failed, and the record is at fault.
    fn handle_failed_write(&mut self, id: AttemptId, error: &CallError, context: Context<'_>) {
        if error.kind == CallErrorKind::Locked {
            self.lock(id, context);
        }
        let policy = self.policy(context.moment);
        let Some(attempt) = self.attempts.get_mut(&id) else {
            return;
        };
        let before: FieldSet = attempt.rejections().map(|(field, _)| field).collect();
        attempt.handle(Event::WriteFailed(error), policy);
        let after = attempt.rejections().filter(|(field, _)| !before.contains(*field));
        let new: Vec<_> = after.map(|(field, reason)| (field, reason.clone())).collect();
        // Before the attempt is passed on: if its rejection is the account's fault, it must not be reported.
        self.count_rejections(id, &new, context);
        self.forward(id, context.moment);
    }

    fn count_rejections(&mut self, id: AttemptId, rejections: &[(Field, Reason)], context: Context<'_>) {
        let Some(user) = self.user_of(id) else { return };
        for (field, reason) in rejections {
            let users = self.circuit_breaker.record_rejection(*field, &reason.code, &user);
            if let Some(users) = users {
                self.halt_for_rejections(users, *field, reason, context);
            }
        }
    }

    /// The account rejects every value of a field: takes the rejections back, and halts.
    fn halt_for_rejections(
        &mut self,
        users: BTreeSet<UserId>,
        field: Field,
        reason: &Reason,
        context: Context<'_>,
    ) {
        let affected = users.iter().cloned().collect();
        // Open attempts forget the rejection. For the other users it is reported, or about to be.
        let mut reported = users;
        for attempt in self.attempts.values_mut() {
            let user_id = &attempt.claim().user_id;
            if reported.contains(user_id) && attempt.retract_rejection(field, &reason.code) {
                reported.remove(&attempt.claim().user_id);
            }
        }
        // Noted before the halt: the attempts that the halt gives back bring no such rejection any more.
        self.effects.push(Effect::RetractRejections {
            users: reported,
            field,
            reason: reason.clone(),
        });
        let evidence = Evidence {
            cause: HaltCause::RejectsEveryRecord(field),
            reason: reason.clone(),
            retry_after: None,
            check: RecoveryCheck::FieldWrite(field),
            failed_check: None,
            affected,
        };
        self.halt(context.moment.now, evidence, context.is_check);
    }

    fn handle_failed_account_call(&mut self, error: &CallError, context: Context<'_>) {
        let now = context.moment.now;
        let (cause, retry_after) = match (HaltCause::of(error), &error.kind) {
            (Some(cause), _) => cause,
            (None, CallErrorKind::RateLimited { retry_after, .. }) => {
                return self.rate_limiter.record_rejection(now, *retry_after);
            }
            (None, CallErrorKind::ServerError { retry_after }) => (HaltCause::Outage, *retry_after),
            (None, _) => (HaltCause::Outage, None),
        };
        let evidence = self.evidence(cause, retry_after, error, RecoveryCheck::Account, &[]);
        self.halt(now, evidence, context.is_check);
    }

    /// A call failed as a whole.
    fn handle_failed_call(&mut self, call: &CallInFlight, error: &CallError, context: Context<'_>) {
        let attempts = &call.attempts;
        let now = context.moment.now;
        match failed_calls::classify(error, attempts.len()) {
            FailedCall::HaltFor(cause, retry_after) => {
                let check = RecoveryCheck::like(Check::after(&call.call, cause));
                let evidence = self.evidence(cause, retry_after, error, check, attempts);
                let reason = evidence.reason.clone();
                self.halt(now, evidence, context.is_check);
                self.give_back_all(attempts, &reason, context);
            }
            FailedCall::RateLimited(retry_after) => {
                self.rate_limiter.record_rejection(now, retry_after);
                self.give_back_all(attempts, &error.reason, context);
            }
            FailedCall::Undecided(cause) => self.handle_undecided_failure(call, cause, error, context),
            FailedCall::LockedBatch => {
                self.halve_batch_limits(attempts);
                for id in attempts {
                    self.lock(*id, context);
                }
                self.give_back_all(attempts, &error.reason, context);
            }
            FailedCall::SplitBatch => self.split_batch(attempts, context),
            FailedCall::Single => self.handle_failed_single(call, error, context),
        }
    }

    /// A call for a single record failed.
    fn handle_failed_single(&mut self, call: &CallInFlight, error: &CallError, context: Context<'_>) {
        let attempts = &call.attempts;
        match (&call.call, &error.kind) {
            (Call::Update { .. } | Call::Create { .. } | Call::UpdateSingle { .. }, _) => {
                for id in attempts {
                    self.handle_failed_write(*id, error, context);
                }
            }
            (Call::Read { .. }, CallErrorKind::NotFound) => {
                self.tell_all(attempts, context, || Event::ContactNotFound);
            }
            (Call::FindSingle { .. }, CallErrorKind::NotFound) => {
                self.tell_all(attempts, context, || Event::AddressNotFound);
            }
            (
                Call::Find { .. }
                | Call::Inspect(_)
                | Call::FindSingle { .. }
                | Call::Read { .. }
                | Call::ReadBack { .. }
                | Call::Check(_)
                | Call::Account,
                _,
            ) => {
                for id in attempts {
                    self.handle_failure_of_record(*id, error, context);
                }
            }
        }
    }

    /// Sends smaller batches at once, until the record at fault is alone.
    fn split_batch(&mut self, attempts: &[AttemptId], context: Context<'_>) {
        self.halve_batch_limits(attempts);
        for id in attempts {
            self.forward(*id, context.moment);
        }
    }

    fn halve_batch_limits(&mut self, attempts: &[AttemptId]) {
        let limit = attempts.len().div_ceil(2);
        for id in attempts {
            if let Some(attempt) = self.attempts.get_mut(id) {
                attempt.limit_batch(limit);
                let user_id = attempt.claim().user_id.clone();
                self.effects.push(Effect::LimitBatch(user_id, limit));
            }
        }
    }

    fn give_back_all(&mut self, attempts: &[AttemptId], reason: &Reason, context: Context<'_>) {
        let failure = Failure::of_account(reason.clone());
        self.tell_all(attempts, context, || Event::Failed(failure.clone()));
    }

    fn mark_possibly_written(&mut self, id: AttemptId, late: bool) {
        if let Some(attempt) = self.attempts.get_mut(&id) {
            attempt.mark_possibly_written(late);
        }
    }

    fn lock(&mut self, id: AttemptId, context: Context<'_>) {
        if let Some(user_id) = self.user_of(id) {
            let until = context.moment.now + LOCK;
            self.effects.push(Effect::Lock(user_id, until));
        }
    }

    fn user_of(&self, id: AttemptId) -> Option<UserId> {
        let attempt = self.attempts.get(&id)?;
        Some(attempt.claim().user_id.clone())
    }

    /// The evidence that an error is, met by these attempts.
    fn evidence(
        &self,
        cause: HaltCause,
        retry_after: Option<Duration>,
        error: &CallError,
        check: RecoveryCheck,
        attempts: &[AttemptId],
    ) -> Evidence {
        // One record is enough to check with: a single call shows whether it still fails.
        let affected = attempts.iter().filter_map(|id| self.user_of(*id)).take(1);
        Evidence {
            cause,
            reason: cause.reason_in(error).clone(),
            retry_after,
            check,
            failed_check: None,
            affected: affected.collect(),
        }
    }
}
