//! Workers: an engine each, that is told what happens and whose outputs leave its process a moment later.

use std::{collections::BTreeMap, collections::VecDeque, time::Duration};

use contracts::{AskLease, Claim, Field, LeaseAnswer, PerField, delivery::LeaseWish};
use hubspot::engine::{
    Answer, Call, CallId, Engine, Fault as LineFault, Input, LineState, MAX_BATCH, Output, Properties, Settings,
};

use super::World;
use crate::{
    agenda::Time,
    event::{Event, Process},
    fault::Fault,
    hubspot_model::{ACCOUNT, Author},
    plan::SECOND,
    seen::Seen,
    transition::Transition,
    user_service::user_of,
};

/// How long a worker that was told to stop may take.
const DRAIN: Time = 8 * SECOND;
/// A worker is not frozen again before it has had this time.
const BETWEEN_FREEZES: Time = 20 * SECOND;

/// One place where a worker runs.
#[derive(Debug)]
pub(super) struct Worker {
    life: u32,
    engine: Option<Engine>,
    concurrency: usize,
    started: Time,
    frozen_until: Time,
    /// What came in while it was frozen.
    waiting: VecDeque<Input>,
    tick_at: Option<Time>,
    /// When the last of its outputs leaves; they keep their order.
    leaves_at: Time,
    lease_asked_at: Time,
    lease_valid_until: Time,
    /// The contacts that its calls write to.
    writing: BTreeMap<CallId, Vec<String>>,
    calls_out: usize,
    /// Claims it was given and has not reported.
    held: Vec<Claim>,
    line_stopped: bool,
}

/// The id that a process drew for its lease.
pub(super) fn holder(process: Process) -> String {
    format!("w{}-{}", process.place, process.life)
}

impl Worker {
    pub(super) fn new() -> Self {
        Self {
            life: 0,
            engine: None,
            concurrency: 0,
            started: 0,
            frozen_until: 0,
            waiting: VecDeque::new(),
            tick_at: None,
            leaves_at: 0,
            lease_asked_at: 0,
            lease_valid_until: 0,
            writing: BTreeMap::new(),
            calls_out: 0,
            held: Vec::new(),
            line_stopped: false,
        }
    }

    /// The claim whose values a write carries; the latest where there are several.
    fn claim_of(&self, contact_id: &str, properties: &Properties) -> Option<&Claim> {
        let linked = |claim: &&Claim| {
            claim
                .link
                .as_ref()
                .is_some_and(|link| link.contact_id == contact_id)
        };
        let carries = |claim: &&Claim| {
            properties.iter().all(|(property, text)| {
                let value = Field::from_property(property).and_then(|field| claim.values.get(&field));
                value.is_some_and(|value| value.as_deref().unwrap_or_default() == text)
            })
        };
        let matching = self.held.iter().filter(linked).filter(carries);
        // Of two users who share a contact, the one that owes just this.
        let owes = |claim: &Claim| claim.owed.iter().count() == properties.len();
        matching.max_by_key(|claim| (owes(claim), claim.attempt))
    }
}

impl World {
    pub(super) fn process(&self, place: usize) -> Process {
        let life = self.workers[place].life;
        Process { place, life }
    }

    pub(super) fn is_alive(&self, process: Process) -> bool {
        let worker = &self.workers[process.place];
        worker.life == process.life && worker.engine.is_some()
    }

    /// Until when a process is frozen, if it is.
    pub(super) fn frozen_until(&self, process: Process) -> Option<Time> {
        let until = self.workers[process.place].frozen_until;
        (self.is_alive(process) && until > self.now).then_some(until)
    }

    pub(super) fn is_anyone_frozen(&self) -> bool {
        self.last_thaw().is_some()
    }

    /// When the last of the frozen workers thaws.
    pub(super) fn last_thaw(&self) -> Option<Time> {
        let until = self.workers.iter().map(|worker| worker.frozen_until);
        until.filter(|until| *until > self.now).max()
    }

    pub(super) fn start(&mut self, place: usize) {
        let concurrency = self.random.index(6) + 1;
        let life = self.workers[place].life + 1;
        let process = Process { place, life };
        let settings = Settings {
            concurrency,
            email_taken: self.plan.email_taken,
            call_timeout: Duration::from_millis(self.plan.call_timeout),
            ..Settings::for_holder(holder(process))
        };
        self.workers[place] = Worker {
            life,
            engine: Some(Engine::new(settings)),
            concurrency,
            started: self.now,
            ..Worker::new()
        };
        self.trace(|| format!("{} starts", holder(process)));
        self.handle(place, Input::Tick);
    }

    pub(super) fn kill(&mut self, place: usize) {
        let process = self.process(place);
        if !self.is_alive(process) {
            return;
        }
        self.trace(|| format!("{} dies", holder(process)));
        self.broker.close(process);
        self.workers[place] = Worker {
            life: process.life,
            ..Worker::new()
        };
        let longest = *self.random.pick(&[SECOND, 30 * SECOND]);
        let at = self.now + self.random.between(100, longest);
        self.agenda.plan(at, Event::Start(place));
    }

    pub(super) fn shut_down(&mut self, place: usize) {
        let process = self.process(place);
        if self.is_alive(process) {
            self.agenda.plan(self.now + DRAIN, Event::End(process));
            self.tell(process, Input::ShutDown);
        }
    }

    /// The time for stopping is over: at least the lease is given back.
    pub(super) fn end(&mut self, process: Process) {
        if !self.is_alive(process) {
            return;
        }
        let ask = AskLease {
            holder: holder(process),
            account_id: ACCOUNT.to_owned(),
            wish: LeaseWish::Release,
        };
        if !self.service_down {
            self.users.ask_lease(&ask, self.now, &mut self.tally);
        }
        self.kill(process.place);
    }

    pub(super) fn freeze(&mut self, place: usize, length: Time) {
        let worker = &mut self.workers[place];
        if worker.engine.is_none() || worker.frozen_until + BETWEEN_FREEZES > self.now {
            return;
        }
        worker.frozen_until = self.now + length;
        let until = worker.frozen_until;
        let process = self.process(place);
        self.trace(|| format!("{} is frozen until {until}", holder(process)));
        let at = until + self.random.below(3);
        self.agenda.plan(at, Event::Tick(process));
    }

    /// Something reaches a worker; a frozen one finds it when it thaws.
    pub(super) fn tell(&mut self, process: Process, input: Input) {
        if !self.is_alive(process) {
            return;
        }
        let worker = &mut self.workers[process.place];
        if worker.frozen_until > self.now || !worker.waiting.is_empty() {
            return worker.waiting.push_back(input);
        }
        self.handle(process.place, input);
    }

    /// An engine's time has come, or its worker thaws.
    pub(super) fn wake(&mut self, process: Process) {
        if !self.is_alive(process) || self.frozen_until(process).is_some() {
            return;
        }
        while let Some(input) = self.workers[process.place].waiting.pop_front() {
            self.handle(process.place, input);
        }
        let worker = &self.workers[process.place];
        if worker.tick_at.is_some_and(|at| at <= self.now) {
            self.handle(process.place, Input::Tick);
        }
    }

    fn handle(&mut self, place: usize, input: Input) {
        let process = self.process(place);
        self.observe_input(place, &input);
        let worker = &mut self.workers[place];
        let Some(engine) = worker.engine.as_mut() else {
            return;
        };
        engine.handle(Duration::from_millis(self.now - worker.started), input);
        let outputs: Vec<Output> = std::iter::from_fn(|| engine.next_output()).collect();
        if !outputs.is_empty() {
            let at = (self.now + self.random.below(3)).max(self.workers[place].leaves_at);
            self.workers[place].leaves_at = at;
            for output in outputs {
                self.observe_output(process, &output);
                if !matches!(output, Output::Line(_)) {
                    self.agenda.plan(at, Event::Leave(process, Box::new(output)));
                }
            }
        }
        self.plan_tick(process);
    }

    fn plan_tick(&mut self, process: Process) {
        let worker = &mut self.workers[process.place];
        let wait_until = worker.engine.as_ref().and_then(Engine::wait_until);
        let Some(wait_until) = wait_until else { return };
        let milliseconds = u64::try_from(wait_until.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX / 2);
        let at = worker.started + milliseconds;
        let is_planned = worker.tick_at.is_some_and(|planned| planned > self.now && planned <= at);
        if !is_planned {
            worker.tick_at = Some(at);
            self.agenda.plan(at, Event::Tick(process));
        }
    }

    /// What an engine asked for leaves its process, unless that is frozen or dead by now.
    pub(super) fn leave(&mut self, process: Process, output: Box<Output>) {
        if !self.is_alive(process) {
            return;
        }
        if let Some(until) = self.frozen_until(process) {
            return self.agenda.plan(until, Event::Leave(process, output));
        }
        match *output {
            Output::AskLease(_) | Output::Claim(..) | Output::Record(..) => self.ask(process, *output),
            Output::Call(id, call) => self.call(process, id, call),
            Output::OpenConsumer { .. } => self.open_consumer(process),
            Output::CloseConsumer => self.broker.close(process),
            Output::Ack(acks) => self.acknowledge(acks),
            Output::Stopped => {
                self.tally.transitions.add(Transition::Drained);
                self.kill(process.place);
            }
            Output::Line(_) => {}
        }
    }

    fn observe_input(&mut self, place: usize, input: &Input) {
        self.trace(|| format!("w{place} <- {input:?}"));
        let worker = &mut self.workers[place];
        match input {
            Input::LeaseAnswered(Ok(LeaseAnswer::Granted { ttl_ms, .. })) => {
                worker.lease_valid_until = worker.lease_asked_at + ttl_ms * 2 / 3;
            }
            Input::Claimed(_, Ok(given)) => worker.held.extend(given.claims.iter().cloned()),
            Input::Recorded(_, Ok(recorded)) => {
                let claims = recorded.claims.iter().flat_map(|given| given.claims.iter().cloned());
                worker.held.extend(claims);
            }
            Input::Answered(id, answered) => {
                let written = worker.writing.remove(id);
                worker.calls_out -= 1;
                let several = written.is_some_and(|contacts| contacts.len() > 1);
                if several && matches!(answered.answer, Answer::Problem(_)) {
                    self.tally.transitions.add(Transition::BatchFailed);
                }
                self.count_answer(&answered.answer);
            }
            _ => {}
        }
    }

    fn count_answer(&mut self, answer: &Answer) {
        self.tally.seen.add(Seen::answer(answer));
        let errors = match answer {
            Answer::Updated { results, errors } => {
                if results.len() > 1 {
                    self.tally.transitions.add(Transition::BatchWritten);
                }
                errors
            }
            Answer::Found { errors, .. } => errors,
            _ => return,
        };
        for error in errors {
            self.tally.seen.add(Seen::input(&error.problem));
        }
    }

    fn observe_output(&mut self, process: Process, output: &Output) {
        self.trace(|| format!("{} -> {output:?}", holder(process)));
        let now = self.now;
        match output {
            Output::AskLease(_) => self.workers[process.place].lease_asked_at = now,
            Output::OpenConsumer { .. } => self.tally.transitions.add(Transition::LeaseGained),
            Output::CloseConsumer => self.tally.transitions.add(Transition::LeaseLost),
            Output::Record(_, record) => {
                let held = &mut self.workers[process.place].held;
                held.retain(|claim| {
                    let same = |verdict: &contracts::Verdict| {
                        verdict.attempt == claim.attempt && verdict.user_id == claim.user_id
                    };
                    !record.verdicts.iter().any(same)
                });
            }
            Output::Call(id, call) => self.observe_call(process, *id, call),
            Output::Line(state) => self.observe_line(process.place, state),
            Output::Claim(..) | Output::Ack(_) | Output::Stopped => {}
        }
    }

    /// P3 and P6: nothing is sent without a lease, one write for each contact at a time, no more calls than allowed.
    fn observe_call(&mut self, process: Process, id: CallId, call: &Call) {
        let now = self.now;
        let worker = &mut self.workers[process.place];
        let contacts: Vec<String> = match call {
            Call::Update { inputs } => inputs.iter().map(|input| input.contact_id.clone()).collect(),
            Call::Patch { contact_id, .. } => vec![contact_id.clone()],
            _ => Vec::new(),
        };
        let busy = worker.writing.values().flatten();
        let twice = busy.chain(&contacts).filter(|one| contacts.contains(one)).count() > contacts.len();
        let unleased = *call != Call::Account && now >= worker.lease_valid_until;
        worker.calls_out += 1;
        let too_many = worker.calls_out > worker.concurrency + 1 || call.size() > MAX_BATCH;
        let writes = !contacts.is_empty();
        worker.writing.insert(id, contacts);
        if twice {
            self.fail(format!("P3: two writes of a contact at a time: {call:?}"));
        }
        if unleased {
            self.fail(format!("P3: sent on a lease that had run out: {call:?}"));
        }
        if too_many {
            self.fail(format!("P6: too many calls or too large a batch: {call:?}"));
        }
        if writes && self.strikes(Fault::FreezeBeforeCall) {
            let length = self.random.between(SECOND, self.plan.longest_freeze);
            self.freeze(process.place, length);
        }
    }

    fn observe_line(&mut self, place: usize, state: &LineState) {
        let worker = &mut self.workers[place];
        let stopped = match state {
            LineState::Stopped { fault, .. } => Some(match fault {
                LineFault::Unauthorized => Transition::StoppedUnauthorized,
                LineFault::MissingScopes => Transition::StoppedScopes,
                LineFault::DailyQuota => Transition::StoppedDay,
                LineFault::AccountMoving => Transition::StoppedMoving,
                LineFault::NoSuchPath => Transition::StoppedPath,
                LineFault::Unreachable => Transition::StoppedUnreachable,
                LineFault::Outage => Transition::StoppedOutage,
            }),
            LineState::Starting | LineState::Standby | LineState::OtherAccount { .. } | LineState::Running => None,
        };
        let resumed = worker.line_stopped && stopped.is_none();
        worker.line_stopped = stopped.is_some();
        if let Some(stopped) = stopped {
            self.tally.transitions.add(stopped);
        }
        if resumed {
            self.tally.transitions.add(Transition::Resumed);
        }
    }

    /// Whose state each input of a call carries.
    pub(super) fn authors(&mut self, process: Process, call: &Call) -> Vec<Option<Author>> {
        let writes: Vec<(&str, &Properties)> = match call {
            Call::Update { inputs } => inputs
                .iter()
                .map(|input| (input.contact_id.as_str(), &input.properties))
                .collect(),
            Call::Patch {
                contact_id,
                properties,
            } => vec![(contact_id, properties)],
            _ => Vec::new(),
        };
        let authors: Vec<Option<Author>> = writes
            .into_iter()
            .map(|(contact_id, properties)| {
                let claim = self.workers[process.place].claim_of(contact_id, properties)?;
                let user = user_of(&claim.user_id);
                Some(Author {
                    user,
                    attempt: claim.attempt.get(),
                    epoch: self.users.epoch_of(user, claim.attempt.get()),
                    touched: PerField::from_fn(|field| self.users.touched_as_of(user, field, claim.version)),
                    process,
                })
            })
            .collect();
        if authors.contains(&None) {
            self.fail(format!("P3: a write that no claim carries: {call:?}"));
        }
        authors
    }
}
