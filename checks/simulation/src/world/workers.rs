//! Workers: an engine each. What an engine puts out leaves its process a moment later.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use contracts::{
    AttemptResult, ChangeLease, Claim, FieldDefinitions, TokenState, UserId, delivery::LeaseAction,
};
use hubspot::engine::{CallId, Engine, Input, InspectionId, Output, Settings};

use super::World;
use crate::{
    agenda::Time,
    event::{Event, Process},
    hubspot_model::ACCOUNT,
    plan::SECOND,
    transition::Transition,
    user_service::{Asker, Request},
};

/// How long a worker may take to stop.
const DRAIN: Time = 8 * SECOND;
/// A worker is not frozen again before it has had this time.
const BETWEEN_FREEZES: Time = 20 * SECOND;

/// One place where a worker runs.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says one thing that was observed, and they change independently"
)]
pub(super) struct Worker {
    life: u32,
    engine: Option<Engine>,
    pub(super) concurrency: usize,
    started: Time,
    frozen_until: Time,
    /// What came in while it was frozen.
    waiting: VecDeque<Input>,
    tick_at: Option<Time>,
    /// When the last of its outputs leaves; they keep their order.
    leaves_at: Time,
    pub(super) lease_asked_at: Time,
    pub(super) lease_valid_until: Time,
    /// The contacts that its calls write to.
    pub(super) writing: BTreeMap<CallId, Vec<String>>,
    pub(super) calls_out: usize,
    /// Questions for contacts that have no answer yet, and when they were asked.
    pub(super) inspecting: BTreeMap<InspectionId, Time>,
    /// Claims it was given and has not reported.
    pub(super) held: Vec<Claim>,
    /// By user and attempt, the result that it reported first.
    pub(super) reported: BTreeMap<(UserId, u64), AttemptResult>,
    /// Users whose results are on their way.
    pub(super) reporting: BTreeSet<UserId>,
    pub(super) is_halted: bool,
    /// Whether it is halted because of one field, so that only a write of that field ends it.
    pub(super) is_halted_for_field: bool,
    /// Writes that it sent while delivery was halted for a fault of the account.
    pub(super) checks: BTreeSet<CallId>,
    /// Whether one of them succeeded since it last said whether it delivers.
    pub(super) has_passed_check: bool,
    /// Whether it has learned that an operator paused delivery.
    pub(super) is_paused: bool,
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
            inspecting: BTreeMap::new(),
            held: Vec::new(),
            reported: BTreeMap::new(),
            reporting: BTreeSet::new(),
            is_halted: false,
            is_halted_for_field: false,
            checks: BTreeSet::new(),
            has_passed_check: false,
            is_paused: false,
        }
    }
}

impl World {
    pub(crate) fn process(&self, place: usize) -> Process {
        let life = self.workers[place].life;
        Process { place, life }
    }

    pub(super) fn is_alive(&self, process: Process) -> bool {
        let worker = &self.workers[process.place];
        worker.life == process.life && worker.engine.is_some()
    }

    /// For how long a process has run, if it does.
    pub(super) fn running(&self, process: Process) -> Option<Duration> {
        let started = self.workers[process.place].started;
        self.is_alive(process)
            .then(|| Duration::from_millis(self.now - started))
    }

    /// Until when a process is frozen, if it is.
    pub(super) fn frozen_until(&self, process: Process) -> Option<Time> {
        let until = self.workers[process.place].frozen_until;
        (self.is_alive(process) && until > self.now).then_some(until)
    }

    /// Whether some worker has yet to tell what it did.
    pub(super) fn is_anyone_reporting(&self) -> bool {
        self.workers.iter().any(|worker| !worker.reporting.is_empty())
    }

    /// A worker whose delivery is halted although a write succeeded meanwhile.
    pub(super) fn halted_worker(&self) -> Option<usize> {
        let is_wrong = |worker: &Worker| worker.is_halted && worker.has_passed_check;
        self.workers.iter().position(is_wrong)
    }

    /// Whether the worker that gets the wake-ups may claim and send.
    pub(super) fn is_delivering(&self) -> bool {
        let Some((process, _)) = self
            .broker
            .serving()
            .filter(|(process, _)| self.is_alive(*process))
        else {
            return false;
        };
        let worker = &self.workers[process.place];
        !worker.is_halted && !worker.is_paused && self.now < worker.lease_valid_until
    }

    /// Whether delivery is halted.
    pub(crate) fn is_halted(&self) -> bool {
        self.workers.iter().any(|worker| worker.is_halted)
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
            fields: FieldDefinitions::built_in().clone(),
            concurrency,
            email_conflict: self.plan.email_taken,
            missing_contact: self.plan.missing,
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

    /// The time for stopping is over; the lease is given back all the same.
    pub(super) fn end(&mut self, process: Process) {
        if !self.is_alive(process) {
            return;
        }
        let ask = ChangeLease {
            holder: holder(process),
            account_id: ACCOUNT.to_owned(),
            action: LeaseAction::Release,
            token: TokenState::Unknown,
        };
        self.request(Asker::Nobody, Request::Lease(ask));
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
    pub(crate) fn tell(&mut self, process: Process, input: Input) {
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
                if !matches!(output, Output::Status(_)) {
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
        let is_planned = worker
            .tick_at
            .is_some_and(|planned| planned > self.now && planned <= at);
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
            Output::ChangeLease(_) | Output::Claim(..) | Output::Report(..) => self.ask(process, *output),
            Output::Call(id, call) => self.call(process, id, call),
            Output::OpenConsumer { .. } => self.open_consumer(process),
            Output::CloseConsumer => self.broker.close(process),
            Output::Ack(acks) => self.acknowledge(acks),
            Output::ShutDownComplete => {
                self.tally.transitions.add(Transition::Drained);
                self.kill(process.place);
            }
            Output::Status(_) | Output::Inspected(..) => {}
        }
    }
}
