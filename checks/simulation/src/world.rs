//! One schedule: everything around the engines and the rules, in virtual time.

mod call_faults;
mod calls;
mod commits;
mod delays;
mod inspections;
mod messages;
mod observe;
mod operators;
mod passing_time;
mod people;
mod planned_faults;
mod prompt_claims;
mod reports;
mod rest;
mod results;
mod rows;
mod wake_ups;
mod workers;

use std::collections::BTreeSet;

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

/// The most events of a schedule; one that has more goes round in circles.
const MAX_EVENTS: u64 = 400_000;

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
    /// Since when nobody is dirty; none while somebody is.
    at_rest_since: Option<Time>,
    /// The faults that the user service has at the moment.
    service_faults: Vec<Fault>,
    /// When a fault of the account ended last.
    account_well_since: Time,
    calls_in_calm: u64,
    /// How many questions for contacts were asked.
    inspections: u64,
    /// By user, the contacts that were made for it.
    creations: Vec<Vec<Creation>>,
    /// When HubSpot executed calls that their workers had given up.
    late_writes_at: BTreeSet<Time>,
    /// By user, since when it is dirty.
    dirty_since: Vec<Option<Time>>,
    /// By user, whether it was made due without a wake-up: the sweep publishes it.
    due_at_once: Vec<bool>,
    /// By user, since when it has to be claimed soon, because it need not wait after a failure any more.
    claim_expected: Vec<Option<Time>>,
    /// By user, the contact that an operator named last.
    linked_by_operator: Vec<Option<usize>>,
    /// By user, when its link was last seen to be shared.
    shared_at: Vec<Option<Time>>,
    /// By user, whether a fail-over has lost something about it.
    has_lost: Vec<bool>,
    /// Whether an operator wants delivery to be paused.
    is_pause_wanted: bool,
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
            users: UserService::new(plan.users, plan.stream_window),
            hubspot: HubSpotModel::new(&plan),
            drawn: 0,
            broker: Broker::new(plan.stream_window),
            workers: (0..plan.workers).map(|_| Worker::new()).collect(),
            is_calm: false,
            awake_since: 0,
            at_rest_since: None,
            service_faults: Vec::new(),
            account_well_since: 0,
            calls_in_calm: 0,
            inspections: 0,
            creations: vec![Vec::new(); plan.users],
            late_writes_at: BTreeSet::new(),
            dirty_since: vec![None; plan.users],
            due_at_once: vec![false; plan.users],
            claim_expected: vec![None; plan.users],
            linked_by_operator: vec![None; plan.users],
            shared_at: vec![None; plan.users],
            has_lost: vec![false; plan.users],
            is_pause_wanted: false,
            tracing,
            wrong: None,
            random,
            plan,
        };
        world.tally.schedules = 1;
        if world.plan.has(Fault::LostCommits) {
            world.users.add_standby();
        }
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
            self.handle_event(event);
            events += 1;
            if events > MAX_EVENTS {
                let rows = self.busy_rows();
                self.fail(&format!("still busy after {MAX_EVENTS} events: {rows}"));
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
                return Err(format!("not so at {deadline} ms: {}", self.busy_rows()));
            };
            self.now = at;
            self.handle_event(event);
            if let Some(wrong) = self.wrong.take() {
                return Err(wrong);
            }
        }
        Ok(self.now)
    }

    fn handle_event(&mut self, event: Event) {
        match event {
            Event::Change => self.change(),
            Event::ChangeOf { user } => self.change_of(user),
            Event::Send(request) => self.send(*request),
            Event::Sweep => self.sweep(),
            Event::Commit { number, life } => {
                if life == self.users.life {
                    self.commit(number);
                }
            }
            Event::Inspect => self.inspect(),
            Event::Tick(process) => self.wake(process),
            Event::Tell(process, input) => self.tell(process, *input),
            Event::Leave(process, output) => self.leave(process, output),
            Event::Arrive(asked) => self.arrive(*asked),
            Event::Effect(out) => self.execute(&out),
            Event::Publish(publication) => self.publish(*publication),
            Event::WakeNow { user } => self.wake_now(user),
            Event::WakeAnnounced => self.wake_announced(),
            Event::Deliver {
                process,
                user,
                sequence,
                made,
            } => self.deliver(process, user, sequence, made),
            Event::Notify { process, user } => self.notify(process, user),
            Event::Consume(process) => self.consume(process),
            Event::Redeliver { sequence, made } => self.redeliver(sequence, made),
            Event::Start(place) => self.start(place),
            Event::End(process) => self.end(process),
            Event::Occur(fault) => self.occur(fault),
            Event::Begin(fault) => self.begin(fault),
            Event::Finish(fault) => self.finish(fault),
            Event::Snapshot => self.broker.keep(),
            Event::Calm => self.calm_down(),
        }
    }

    /// Draws whether a fault occurs now, and counts it if so.
    pub(crate) fn occurs(&mut self, fault: Fault) -> bool {
        let occurs = !self.is_calm && self.plan.has(fault) && self.random.chance(self.plan.rate);
        if occurs {
            self.tally.faults.add(fault);
        }
        occurs
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

    /// The users that are dirty.
    pub(crate) fn dirty_users(&self) -> impl Iterator<Item = usize> {
        let rows = self.users.rows.iter().enumerate();
        rows.filter(|(_, row)| row.is_dirty()).map(|(user, _)| user)
    }

    /// The rows that are not at rest.
    fn busy_rows(&self) -> String {
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
            let contact = self.hubspot.create(&address);
            if let Some(contact) = contact.filter(|_| self.plan.is_bad(user)) {
                let faults: Vec<Fault> = self.plan.faults().collect();
                let fault = faults[user % faults.len()];
                self.hubspot.contact_mut(contact).problem = Some((fault, self.plan.calm_at));
                self.tally.faults.add(fault);
            }
        }
    }

    /// The address a user has at first.
    pub(crate) fn first_address(&self, user: usize) -> String {
        // Every seventh has that of the one before, where contacts are shared.
        let shares = self.plan.has(Fault::SharedContact) && user % 7 == 6;
        format!("u{}@x.io", if shares { user - 1 } else { user })
    }

    fn some_field(&mut self) -> Field {
        *self.random.pick(&Field::BUILT_IN)
    }
}
