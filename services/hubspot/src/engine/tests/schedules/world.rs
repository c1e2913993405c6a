//! The world around an engine: events in virtual time, drawn by a seed.

mod broker;
mod hubspot;
mod inspections;
mod users;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use contracts::{AttemptResult, LeaseAnswer, UserId};

use crate::engine::{
    Answered, Call, CallId, Engine, Input, InspectionId, LineState, Output, Settings, Unserved,
};
use broker::Message;
use hubspot::Contacts;
use users::Rows;

const TTL: Duration = Duration::from_secs(3);

enum Event {
    Tell(Input),
    /// The answer reaches the engine; from now on the contacts are free.
    Answer(CallId, Answered),
    Change,
    Inspect,
    Disconnect,
    LoseLease,
    Sweep,
}

/// An engine, and everything around it.
pub(super) struct World {
    engine: Engine,
    now: Duration,
    random: u64,
    events: BTreeMap<(Duration, u64), Event>,
    drawn: u64,
    rows: Rows,
    contacts: Contacts,
    /// Contacts that a write is out for.
    writing: BTreeMap<CallId, Vec<String>>,
    /// The wake-ups in the stream.
    stream: BTreeMap<UserId, Message>,
    consuming: bool,
    epoch: u64,
    asked_at: Duration,
    valid_until: Duration,
    refuse_lease: u32,
    verdicts: BTreeMap<(UserId, u64), AttemptResult>,
    /// Inspections without an answer, and when they are to have one.
    inspecting: BTreeMap<InspectionId, Duration>,
    calm: bool,
    pub(super) trace: Vec<String>,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let settings = Settings {
            concurrency: 3,
            ..Settings::for_holder("w")
        };
        let mut world = Self {
            engine: Engine::new(settings),
            now: Duration::ZERO,
            random: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
            events: BTreeMap::new(),
            drawn: 0,
            rows: Rows::default(),
            contacts: Contacts::default(),
            writing: BTreeMap::new(),
            stream: BTreeMap::new(),
            consuming: false,
            epoch: 1,
            asked_at: Duration::ZERO,
            valid_until: Duration::ZERO,
            refuse_lease: 0,
            verdicts: BTreeMap::new(),
            inspecting: BTreeMap::new(),
            calm: false,
            trace: Vec::new(),
        };
        for _ in 0..world.below(120) {
            let at = world.up_to(160_000);
            world.at(at, Event::Change);
        }
        for (event, times) in [(0, 3), (1, 2)] {
            for _ in 0..world.below(times) {
                let at = world.up_to(150_000);
                world.at(
                    at,
                    if event == 0 {
                        Event::Disconnect
                    } else {
                        Event::LoseLease
                    },
                );
            }
        }
        world.at(Duration::ZERO, Event::Sweep);
        world.at(Duration::ZERO, Event::Tell(Input::Tick));
        world
    }

    pub(super) fn calm_down(&mut self) {
        self.calm = true;
    }

    /// Without faults and without sweeps that would heal what is lost.
    pub(super) fn calm_from_the_start(&mut self) {
        self.calm = true;
        self.events.retain(|_, event| !matches!(event, Event::Sweep));
    }

    pub(super) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            let event = self.events.first_key_value().map(|((at, _), _)| *at);
            let next = event
                .into_iter()
                .chain(self.engine.wait_until())
                .min()
                .unwrap_or(end);
            self.now = self.now.max(next);
            if event.is_some_and(|at| at <= self.now) {
                let (_, event) = self.events.pop_first().expect("an event was seen");
                self.happen(event);
            } else {
                self.tell(Input::Tick);
            }
        }
    }

    /// What is not as it should be.
    pub(super) fn wrong(&self) -> Vec<String> {
        let mut wrong = self.rows.wrong(&self.contacts);
        let late = self.inspecting.values().any(|by| *by < self.now);
        wrong.extend(late.then(|| format!("{:?} are left", self.inspecting)));
        wrong.extend(
            self.stream
                .keys()
                .map(|user| format!("the wake-up of {user} is left")),
        );
        if self.engine.line_state() != LineState::Running {
            wrong.push(format!("{:?}", self.engine.line_state()));
        }
        wrong
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Tell(input) => self.tell(input),
            Event::Answer(call, answered) => {
                self.writing.remove(&call);
                self.tell(Input::Answered(call, answered));
            }
            Event::Change => {
                let user = format!("u{}", self.below(25));
                let user: UserId = user.parse().expect("a valid id");
                if self.rows.change(&user) {
                    self.announce(user);
                }
            }
            Event::Inspect => self.inspect(),
            Event::Disconnect | Event::LoseLease if self.calm => {}
            Event::Disconnect => {
                self.tell(Input::WakeUpsDropped);
                self.deliver_again();
            }
            Event::LoseLease => self.refuse_lease = 4,
            Event::Sweep => {
                for user in self.rows.unsettled() {
                    self.announce(user);
                }
                self.at(self.now + Duration::from_mins(1), Event::Sweep);
            }
        }
    }

    fn tell(&mut self, input: Input) {
        self.engine.handle(self.now, input);
        while let Some(output) = self.engine.next_output() {
            self.trace.push(format!("{:?} {output:?}", self.now));
            self.carry_out(output);
        }
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::AskLease(_) => self.lease(),
            Output::OpenConsumer { .. } => {
                self.consuming = true;
                self.deliver_again();
            }
            Output::CloseConsumer => self.consuming = false,
            Output::Claim(request, claim) => {
                let answer = self.or_lost(|world| world.rows.claim(&claim, world.epoch, world.now));
                self.later(Input::Claimed(request, answer));
            }
            Output::Record(request, record) => {
                for verdict in &record.results {
                    let key = (verdict.user_id.clone(), verdict.attempt.get());
                    let first = self.verdicts.entry(key).or_insert_with(|| verdict.clone());
                    assert_eq!(first, verdict, "one verdict for each attempt");
                }
                let answer = self.or_lost(|world| Ok(world.rows.record(&record, world.epoch, world.now)));
                self.later(Input::Recorded(request, answer));
            }
            Output::Call(id, call) => self.call(id, &call),
            Output::Ack(acks) => acks.iter().for_each(|ack| self.acknowledge(&ack.reply)),
            Output::Inspected(id, _) => {
                assert!(
                    self.inspecting.remove(&id).is_some(),
                    "one answer for each inspection"
                );
            }
            Output::Line(_) | Output::Stopped => {}
        }
    }

    fn lease(&mut self) {
        self.asked_at = self.now;
        let answer = if self.refuse_lease > 0 {
            self.refuse_lease -= 1;
            self.epoch += u64::from(self.refuse_lease == 0);
            Ok(LeaseAnswer::Held { left_ms: 700 })
        } else if self.chance(10) {
            Err(Unserved::NoAnswer)
        } else {
            self.valid_until = self.asked_at + TTL * 2 / 3;
            Ok(LeaseAnswer::Granted {
                epoch: self.epoch,
                ttl_ms: 3_000,
                attempt_term_ms: 60_000,
                may_yield: false,
                paused: false,
            })
        };
        self.later(Input::LeaseAnswered(answer));
    }

    fn call(&mut self, id: CallId, call: &Call) {
        if *call != Call::Account {
            assert!(self.now < self.valid_until, "sent on a lease that had run out");
        }
        let contacts = hubspot::contacts_of(call);
        let mut all: Vec<&String> = self.writing.values().flatten().chain(&contacts).collect();
        all.sort();
        let distinct: BTreeSet<&String> = all.iter().copied().collect();
        assert_eq!(all.len(), distinct.len(), "one write of a contact at a time");
        let luck = if self.calm { 99 } else { self.below(100) };
        let (answered, delay) = self.contacts.answer(call, luck);
        self.writing.insert(id, contacts);
        let delay = delay + self.up_to(300);
        self.at(self.now + delay, Event::Answer(id, answered));
    }

    /// The question is lost, or answered, or answered with the answer lost.
    fn or_lost<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Unserved>) -> Result<T, Unserved> {
        if self.chance(5) {
            return Err(Unserved::NoAnswer);
        }
        let answer = work(self);
        if self.chance(5) {
            Err(Unserved::NoAnswer)
        } else {
            answer
        }
    }

    fn later(&mut self, input: Input) {
        let delay = self.up_to(30);
        self.at(self.now + delay, Event::Tell(input));
    }

    fn at(&mut self, time: Duration, event: Event) {
        self.drawn += 1;
        self.events.insert((time, self.drawn), event);
    }

    /// With so many in a hundred, before it is calm.
    fn chance(&mut self, of_hundred: u64) -> bool {
        !self.calm && self.below(100) < of_hundred
    }

    fn up_to(&mut self, ms: u64) -> Duration {
        Duration::from_millis(self.below(ms + 1))
    }

    /// A number below that, by xorshift.
    fn below(&mut self, bound: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % bound
    }
}
