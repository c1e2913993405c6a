//! What is seen of a worker from outside: what it may send, whose values that are, and what is counted.

use std::collections::BTreeMap;

use contracts::{Claim, Field, LeaseAnswer, UserId, Values};
use hubspot::engine::{
    Call, CallId, HaltCause as LineFault, Input, MAX_BATCH, Output, Response, WorkerStatus,
};

use super::{
    World,
    workers::{Worker, holder},
};
use crate::{
    event::{Event, Process},
    fault::Fault,
    hubspot_model::Author,
    plan::SECOND,
    seen::Seen,
    transition::Transition,
    user_service::user_of,
};

impl Worker {
    /// The claim whose values a write carries, and whether it is the only one. A write to no contact creates one.
    fn claim_of(&self, contact_id: Option<&str>, values: &Values) -> Option<(&Claim, bool)> {
        let linked = |claim: &&Claim| {
            let link = claim.link.as_ref().map(|link| link.contact_id.as_str());
            link == contact_id && (link.is_some() || claim.never_linked)
        };
        let carries = |claim: &&Claim| {
            values
                .iter()
                .all(|(field, value)| claim.values.get(field).and_then(Option::as_ref) == value.as_ref())
        };
        // The latest of each user.
        let mut by_user: BTreeMap<&UserId, &Claim> = BTreeMap::new();
        for claim in self.held.iter().filter(linked).filter(carries) {
            let latest = by_user.entry(&claim.user_id).or_insert(claim);
            if claim.attempt > latest.attempt {
                *latest = claim;
            }
        }
        // Of two users who share a contact, it is likely the one of which just these fields are dirty.
        let is_dirty_in_these = |claim: &&&Claim| claim.dirty.iter().count() == values.len();
        let likely = by_user
            .values()
            .find(is_dirty_in_these)
            .or(by_user.values().next())?;
        let is_sure = by_user.len() == 1;
        Some((likely, is_sure))
    }
}

/// Whether everything was written.
fn has_succeeded(response: &Response) -> bool {
    match response {
        Response::Updated { results, errors } => !results.is_empty() && errors.is_empty(),
        Response::UpdatedSingle(_) => true,
        _ => false,
    }
}

impl World {
    pub(super) fn observe_input(&mut self, place: usize, input: &Input) {
        self.trace(|| format!("w{place} <- {input:?}"));
        let worker = &mut self.workers[place];
        match input {
            Input::LeaseResponse(Ok(LeaseAnswer::Granted { ttl_ms, paused, .. })) => {
                worker.lease_valid_until = worker.lease_asked_at + ttl_ms * 2 / 3;
                worker.is_paused = *paused;
            }
            Input::ClaimResponse(_, Ok(given)) => worker.held.extend(given.claims.iter().cloned()),
            Input::ReportResponse(_, Ok(recorded)) => {
                for reported in &recorded.users {
                    worker.reporting.remove(&reported.user_id);
                }
                let claims = recorded
                    .claims
                    .iter()
                    .flat_map(|given| given.claims.iter().cloned());
                worker.held.extend(claims);
            }
            Input::CallResponse(id, answered) => {
                let written = worker.writing.remove(id);
                worker.calls_out -= 1;
                if worker.checks.remove(id) && has_succeeded(&answered.response) {
                    worker.has_passed_check = true;
                }
                let several = written.is_some_and(|contacts| contacts.len() > 1);
                if several && matches!(answered.response, Response::Error(_)) {
                    self.tally.transitions.add(Transition::BatchFailed);
                }
                self.count_answer(&answered.response);
            }
            _ => {}
        }
    }

    fn count_answer(&mut self, answer: &Response) {
        self.tally.seen.add(Seen::answer(answer));
        let errors = match answer {
            Response::Updated { results, errors } => {
                if results.len() > 1 {
                    self.tally.transitions.add(Transition::BatchWritten);
                }
                errors
            }
            Response::Found { errors, .. } | Response::Created { errors, .. } => errors,
            _ => return,
        };
        for error in errors {
            self.tally.seen.add(Seen::input(&error.error));
        }
    }

    pub(super) fn observe_output(&mut self, process: Process, output: &Output) {
        self.trace(|| format!("{} -> {output:?}", holder(process)));
        let now = self.now;
        match output {
            Output::ChangeLease(_) => self.workers[process.place].lease_asked_at = now,
            Output::OpenConsumer { .. } => {
                self.tally.transitions.add(Transition::LeaseGained);
                self.expect_no_claims();
                self.change_left_open();
            }
            Output::CloseConsumer => {
                self.tally.transitions.add(Transition::LeaseLost);
                self.expect_no_claims();
            }
            Output::Report(_, record) => {
                let worker = &mut self.workers[process.place];
                let users = record.results.iter().map(|result| result.user_id.clone());
                worker.reporting.extend(users);
                worker.held.retain(|claim| {
                    let same = |result: &contracts::AttemptResult| {
                        result.attempt == claim.attempt && result.user_id == claim.user_id
                    };
                    !record.results.iter().any(same)
                });
                self.check_reported_once(process.place, record);
            }
            Output::Call(id, call) => self.observe_call(process, *id, call),
            Output::Status(state) => self.observe_delivery(process.place, state),
            Output::Inspected(id, _) => self.observe_inspected(process, *id),
            Output::Claim(..) | Output::Ack(_) | Output::ShutDownComplete => {}
        }
    }

    /// The new leader claims the attempts that the one before it left open. Where batches overlap, callers change such users just
    /// then, so that two batches need their rows.
    fn change_left_open(&mut self) {
        if self.is_calm || !self.plan.has(Fault::BatchesOverlap) {
            return;
        }
        for user in 0..self.plan.users {
            if self.users.rows[user].open_attempt.is_some() {
                let at = self.now + self.random.between(1, 20);
                self.agenda.plan(at, Event::ChangeOf { user });
            }
        }
    }

    /// P4: a worker reports one result for each attempt; a repeated report says the same.
    fn check_reported_once(&mut self, place: usize, report: &contracts::ReportResults) {
        for result in &report.results {
            let key = (result.user_id.clone(), result.attempt.get());
            let first = self.workers[place]
                .reported
                .entry(key)
                .or_insert_with(|| result.clone());
            if first != result {
                let wrong = format!("P4: two results of one attempt: {first:?} and {result:?}");
                return self.fail(&wrong);
            }
        }
    }

    /// P3 and P6: nothing is sent without a lease, one write for each contact at a time, no more calls than allowed.
    fn observe_call(&mut self, process: Process, id: CallId, call: &Call) {
        let now = self.now;
        let worker = &mut self.workers[process.place];
        let contacts: Vec<String> = match call {
            Call::Update { inputs } => inputs.iter().map(|input| input.contact_id.clone()).collect(),
            Call::UpdateSingle { contact_id, .. } => vec![contact_id.clone()],
            _ => Vec::new(),
        };
        let busy = worker.writing.values().flatten();
        let twice = busy.chain(&contacts).filter(|one| contacts.contains(one)).count() > contacts.len();
        // What is read to be compared writes nothing.
        let paused = !matches!(call, Call::Account | Call::Inspect(_)) && worker.is_paused;
        let unleased = *call != Call::Account && now >= worker.lease_valid_until;
        worker.calls_out += 1;
        let too_many = worker.calls_out > worker.concurrency + 1 || call.size() > MAX_BATCH;
        let writes = !contacts.is_empty();
        if writes && worker.is_halted && !worker.is_halted_for_field {
            worker.checks.insert(id);
        }
        worker.writing.insert(id, contacts);
        if twice {
            self.fail(&format!("P3: two writes of a contact at a time: {call:?}"));
        }
        if unleased {
            self.fail(&format!("P3: sent on a lease that had run out: {call:?}"));
        }
        if paused {
            self.fail(&format!("P5: sent while delivery is paused: {call:?}"));
        }
        if too_many {
            self.fail(&format!("P6: too many calls or too large a batch: {call:?}"));
        }
        if writes && self.occurs(Fault::FreezeBeforeCall) {
            let length = self.random.between(SECOND, self.plan.longest_freeze);
            self.freeze(process.place, length);
        }
    }

    fn observe_delivery(&mut self, place: usize, state: &WorkerStatus) {
        if self.plan.is_small() && self.plan.only_records && matches!(state, WorkerStatus::Halted { .. }) {
            self.fail(&format!(
                "P5: delivery is halted for contacts that fail for themselves: {state:?}"
            ));
        }
        let worker = &mut self.workers[place];
        let stopped = match state {
            WorkerStatus::Halted { cause: fault, .. } => Some(match fault {
                LineFault::Unauthorized => Transition::HaltedUnauthorized,
                LineFault::Disconnected | LineFault::Misconfigured | LineFault::NoToken => {
                    Transition::HaltedNoToken
                }
                LineFault::MissingScopes | LineFault::AccountUnknown | LineFault::WrongAccount => {
                    Transition::HaltedScopes
                }
                LineFault::DailyQuota => Transition::HaltedDay,
                LineFault::AccountMoving => Transition::HaltedMoving,
                LineFault::NoSuchPath => Transition::HaltedPath,
                LineFault::Unreachable => Transition::HaltedUnreachable,
                LineFault::Outage => Transition::HaltedOutage,
                LineFault::UnusableProperty(_) => Transition::HaltedProperty,
                LineFault::RejectsEveryRecord(_) => Transition::HaltedEveryone,
            }),
            WorkerStatus::OtherAccount { .. } => Some(Transition::HaltedOtherAccount),
            WorkerStatus::Paused => {
                self.tally.transitions.add(Transition::Paused);
                None
            }
            WorkerStatus::Starting | WorkerStatus::Standby | WorkerStatus::Running => None,
        };
        let resumed = worker.is_halted && stopped.is_none();
        worker.is_halted_for_field = matches!(
            stopped,
            Some(Transition::HaltedProperty | Transition::HaltedEveryone)
        );
        worker.checks.clear();
        worker.has_passed_check = false;
        worker.is_halted = stopped.is_some();
        if let Some(stopped) = stopped {
            self.tally.transitions.add(stopped);
            self.expect_no_claims();
        }
        if resumed {
            self.tally.transitions.add(Transition::Resumed);
        }
    }

    /// Whose state each input of a call carries.
    pub(super) fn authors(&mut self, process: Process, call: &Call) -> Vec<Option<Author>> {
        let writes: Vec<(Option<&str>, &Values)> = match call {
            Call::Update { inputs } => inputs
                .iter()
                .map(|input| (Some(input.contact_id.as_str()), &input.values))
                .collect(),
            Call::UpdateSingle { contact_id, values } => vec![(Some(contact_id), values)],
            Call::Create { inputs } => inputs.iter().map(|input| (None, &input.values)).collect(),
            _ => Vec::new(),
        };
        let authors: Vec<Option<Author>> = writes
            .into_iter()
            .map(|(contact_id, values)| {
                let (claim, is_sure) = self.workers[process.place].claim_of(contact_id, values)?;
                let user = user_of(&claim.user_id);
                Some(Author {
                    user,
                    is_sure,
                    attempt: claim.attempt.get(),
                    epoch: self.users.epoch_of(user, claim.attempt.get()),
                    changed_in: Field::BUILT_IN
                        .into_iter()
                        .map(|field| (field, self.users.changed_as_of(user, field, claim.version)))
                        .collect(),
                    is_sharing: claim.link.as_ref().is_some_and(|link| link.shared),
                    process,
                })
            })
            .collect();
        if authors.contains(&None) {
            self.fail(&format!("P3: a write that no claim carries: {call:?}"));
        }
        authors
    }
}
