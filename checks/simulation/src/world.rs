//! One schedule: everything around the engines and the rules, in virtual time.

mod announce;
mod calls;
mod delays;
mod fate;
mod inspections;
mod messages;
mod observe;
mod others;
mod rest;
mod strikes;
mod time;
mod truth;
mod workers;

use contracts::Field;
use hubspot::engine::MissingContact;

use crate::{
    agenda::{Agenda, Time},
    broker::Broker,
    event::Event,
    fault::Fault,
    hubspot_model::{Creation, HubSpotModel},
    plan::Plan,
    random::Random,
    tally::Tally,
    user_service::UserService,
};

use workers::Worker;

/// No schedule needs more events; one that has more runs in circles.
const MOST_EVENTS: u64 = 400_000;

/// One schedule.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) random: Random,
    pub(crate) now: Time,
    pub(crate) agenda: Agenda,
    pub(crate) tally: Tally,
    pub(crate) users: UserService,
    pub(crate) hubspot: HubSpotModel,
    /// How many names, addresses and keys were made up.
    pub(crate) drawn: u64,
    broker: Broker,
    workers: Vec<Worker>,
    is_calm: bool,
    /// Since when everything should come to rest.
    awake_since: Time,
    /// Since when nobody owes anything; none while somebody does.
    at_rest_since: Option<Time>,
    /// What is wrong with the user service at the moment.
    service_troubles: Vec<Fault>,
    calls_in_calm: u64,
    /// How many questions for contacts were asked.
    inspections: u64,
    /// By user, the contacts that were made for it.
    creations: Vec<Vec<Creation>>,
    /// By user, since when it owes something.
    owing_since: Vec<Option<Time>>,
    tracing: bool,
    wrong: Option<String>,
}

impl World {
    /// The schedule of a seed.
    pub(crate) fn new(seed: u64, tracing: bool) -> Self {
        let mut random = Random::new(seed);
        let plan = Plan::draw(&mut random);
        Self::by(plan, random, tracing)
    }

    /// The schedule of a plan.
    pub(crate) fn by(plan: Plan, random: Random, tracing: bool) -> Self {
        let mut world = Self {
            now: 0,
            agenda: Agenda::default(),
            tally: Tally::default(),
            users: UserService::new(plan.users),
            hubspot: HubSpotModel::new(&plan),
            drawn: 0,
            broker: Broker::new(plan.stream_window),
            workers: (0..plan.workers).map(|_| Worker::new()).collect(),
            is_calm: false,
            awake_since: 0,
            at_rest_since: None,
            service_troubles: Vec::new(),
            calls_in_calm: 0,
            inspections: 0,
            creations: vec![Vec::new(); plan.users],
            owing_since: vec![None; plan.users],
            tracing,
            wrong: None,
            random,
            plan,
        };
        world.tally.schedules = 1;
        world.make_contacts();
        world.plan_everything();
        world
    }

    /// Runs it to its end. The error says what went wrong.
    pub(crate) fn run(mut self) -> (Tally, Result<(), String>) {
        self.trace(|| "begins".to_owned());
        let mut events = 0;
        while self.wrong.is_none() && !self.is_over() {
            let Some((at, event)) = self.agenda.next() else {
                break;
            };
            self.now = at;
            self.happen(event);
            events += 1;
            if events > MOST_EVENTS {
                self.fail(&format!("still busy after {MOST_EVENTS} events"));
            }
        }
        if self.wrong.is_none() {
            self.check_at_the_end();
        }
        (self.tally, self.wrong.map_or(Ok(()), Err))
    }

    /// Runs until that holds, and says when it did. The error says what went wrong, or that it took too long.
    pub(crate) fn run_until(
        &mut self,
        deadline: Time,
        holds: impl Fn(&Self) -> bool,
    ) -> Result<Time, String> {
        while !holds(self) {
            let Some((at, event)) = self.agenda.next().filter(|(at, _)| *at <= deadline) else {
                return Err(format!("not so at {deadline} ms: {}", self.unsettled()));
            };
            self.now = at;
            self.happen(event);
            if let Some(wrong) = self.wrong.take() {
                return Err(wrong);
            }
        }
        Ok(self.now)
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Change => self.change(),
            Event::ChangeOf { user } => self.change_of(user),
            Event::RepeatChange(sent) => self.send_change(&sent),
            Event::Sweep => self.sweep(),
            Event::Inspect => self.inspect(),
            Event::Tick(process) => self.wake(process),
            Event::Tell(process, input) => self.tell(process, *input),
            Event::Leave(process, output) => self.leave(process, output),
            Event::Arrive(question) => self.arrive(&question),
            Event::Effect(out) => self.carry_out(&out),
            Event::Announce { user, discarded } => self.announce(user, discarded),
            Event::WakeNow { user } => self.users.wake_now(user, self.now),
            Event::WakeAnnounced => self.users.wake_announced(self.now),
            Event::Deliver {
                process,
                user,
                sequence,
                made,
            } => self.deliver(process, user, sequence, made),
            Event::Consume(process) => self.consume(process),
            Event::Redeliver { sequence, made } => self.redeliver(sequence, made),
            Event::Start(place) => self.start(place),
            Event::End(process) => self.end(process),
            Event::Strike(fault) => self.strike(fault),
            Event::Begin(fault) => self.begin(fault),
            Event::Finish(fault) => self.finish(fault),
            Event::Snapshot => self.broker.keep(),
            Event::Calm => self.calm_down(),
        }
    }

    /// Whether a fault strikes at this chance. It is counted where it does.
    pub(crate) fn strikes(&mut self, fault: Fault) -> bool {
        let strikes = !self.is_calm && self.plan.has(fault) && self.random.chance(self.plan.rate);
        if strikes {
            self.tally.faults.add(fault);
        }
        strikes
    }

    /// Remembers the first thing that went wrong.
    pub(crate) fn fail(&mut self, what: &str) {
        self.trace(|| format!("WRONG: {what}"));
        let now = self.now;
        self.wrong.get_or_insert_with(|| format!("at {now} ms: {what}"));
    }

    /// Prints what happens, where a single schedule is replayed.
    pub(crate) fn trace(&self, what: impl FnOnce() -> String) {
        if self.tracing {
            println!("{:>12} {}", self.now, what());
        }
    }

    /// Who owes something.
    pub(crate) fn unsettled_users(&self) -> impl Iterator<Item = usize> {
        let rows = self.users.rows.iter().enumerate();
        rows.filter(|(_, row)| row.is_dirty()).map(|(user, _)| user)
    }

    /// The rows that are not at rest.
    fn unsettled(&self) -> String {
        let rows = self.users.rows.iter();
        let busy = rows.filter(|row| row.is_dirty() || row.in_doubt.is_some() || row.open_attempt.is_some());
        format!("{:?}", busy.collect::<Vec<_>>())
    }

    fn make_contacts(&mut self) {
        for user in 0..self.plan.users {
            let address = self.first_address(user);
            if self.hubspot.holder(&address).is_some() {
                self.tally.faults.add(Fault::SharedContact);
                continue;
            }
            let missing = match self.plan.missing {
                MissingContact::Skip => 150,
                MissingContact::Create => 500,
            };
            if self.plan.has(Fault::MissingContact) && self.random.chance(missing) {
                self.tally.faults.add(Fault::MissingContact);
                continue;
            }
            if self.plan.has(Fault::SecondaryAddress) && self.random.chance(150) {
                self.tally.faults.add(Fault::SecondaryAddress);
                let contact = self.hubspot.create(&format!("p{user}@x.io"));
                contact.map(|contact| self.hubspot.add_secondary(contact, &address));
                continue;
            }
            self.hubspot.create(&address);
        }
    }

    /// The address a user has at first.
    pub(crate) fn first_address(&self, user: usize) -> String {
        // Every seventh has that of the one before, where contacts are shared.
        let shares = self.plan.has(Fault::SharedContact) && user % 7 == 6;
        format!("u{}@x.io", if shares { user - 1 } else { user })
    }

    fn some_field(&mut self) -> Field {
        *self.random.pick(&Field::ALL)
    }
}
