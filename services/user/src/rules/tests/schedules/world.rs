//! The users' rows, the stream of wake-ups and two workers.

use std::collections::BTreeSet;

use contracts::{Field, UpdateForm, Values};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{
    super::{hubspot::HubSpot, truth::check_at_rest},
    carrier::{address, is_bad},
    events::{Agenda, Event},
    workers::Worker,
};
use crate::rules::{self, Change, Lease, Row, RuleTiming, UnixMs};

pub(super) const USERS: usize = 4;
pub(super) const SECOND: UnixMs = 1_000;
const CALM: UnixMs = 620 * SECOND;
/// By then everything has come to rest, rechecks included.
const END: UnixMs = 20_000 * SECOND;

/// A rule that is left out, to show that its absence is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// No doubt is kept.
    DoubtsForgotten,
    /// Verdicts of overtaken attempts are dropped.
    EarlierVerdictsDropped,
    /// A verdict settles whatever attempt is open.
    VerdictsBorrowed,
    /// Rows that are due are not announced.
    SweepSilent,
    /// Rechecks are not made.
    RechecksForgotten,
}

impl Fault {
    pub(super) const ALL: [Self; 5] = [
        Self::DoubtsForgotten,
        Self::EarlierVerdictsDropped,
        Self::VerdictsBorrowed,
        Self::SweepSilent,
        Self::RechecksForgotten,
    ];
}

pub(super) struct World {
    pub(super) rng: StdRng,
    pub(super) fault: Option<Fault>,
    /// Freezes outlast the doubt, but nobody is killed and no report lost; or the other way round.
    pub(super) long_freezes: bool,
    pub(super) now: UnixMs,
    pub(super) calm: bool,
    pub(super) agenda: Agenda,
    pub(super) rows: Vec<Row>,
    pub(super) terms: RuleTiming,
    pub(super) hubspot: HubSpot,
    /// Users whose contact appears later, and when.
    pub(super) appears: Vec<UnixMs>,
    pub(super) lease: Lease,
    pub(super) workers: [Worker; 2],
    pub(super) stream: BTreeSet<usize>,
    pub(super) contacts: u32,
}

impl World {
    pub(super) fn new(seed: u64, fault: Option<Fault>) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let row = |user: usize| Row::new(format!("u{user}").parse().unwrap());
        let appears = (0..USERS).map(|_| if rng.random_bool(0.2) { 300 * SECOND } else { 0 });
        Self {
            appears: appears.collect(),
            long_freezes: rng.random_bool(0.5),
            rng,
            fault,
            now: 0,
            calm: false,
            agenda: Agenda::default(),
            rows: (0..USERS).map(row).collect(),
            terms: RuleTiming::default(),
            hubspot: HubSpot::default(),
            lease: Lease::default(),
            workers: Default::default(),
            stream: BTreeSet::new(),
            contacts: 0,
        }
    }

    /// Runs to the end. The error says what is wrong then.
    pub(super) fn run(mut self) -> Result<(), String> {
        for _ in 0..self.rng.random_range(10..60) {
            let at = self.rng.random_range(0..600 * SECOND);
            self.plan(at, Event::Change);
        }
        let first = [Event::Sweep, Event::Work { worker: 0 }, Event::Work { worker: 1 }];
        for event in first {
            self.plan(10, event);
        }
        self.plan(5 * SECOND, Event::Freeze);
        self.plan(60 * SECOND, Event::Kill);
        self.plan(90 * SECOND, Event::Merge);
        self.plan(CALM, Event::Calm);
        while let Some((at, event)) = self.agenda.next()
            && at < END
        {
            self.now = at;
            self.happen(event);
            if self.calm && self.is_at_rest() {
                break;
            }
        }
        let mut users = self.rows.iter().filter(|row| row.version > 0);
        users.try_for_each(|row| check_at_rest(row, &self.hubspot, |_, value| is_bad(value)))
    }

    fn is_at_rest(&self) -> bool {
        let rests =
            |row: &Row| row.due_at().is_none() && row.recheck_at.is_none() && row.open_attempt.is_none();
        !self.agenda.has_tasks() && self.hubspot.late().is_empty() && self.rows.iter().all(rests)
    }

    pub(super) fn plan(&mut self, after: UnixMs, event: Event) {
        self.agenda.plan(self.now + after, event);
    }

    /// Whether something goes wrong now; never in the calm.
    pub(super) fn bad_luck(&mut self, chance: f64) -> bool {
        self.rng.random_bool(chance) && !self.calm
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Change => self.change(),
            Event::Sweep => self.sweep(),
            Event::Work { worker } => self.work(worker),
            Event::Wanted { worker, life, user } => {
                if self.workers[worker].life == life {
                    self.claim(worker, user);
                }
            }
            Event::Send(task) => self.send(*task),
            Event::Report(task) => self.report(*task),
            Event::Record(task) => self.record(*task),
            Event::Late => self.hubspot.carry_out_until(self.now),
            Event::Freeze => self.freeze(),
            Event::Kill => self.kill(),
            Event::Merge => self.merge(),
            Event::Calm => self.calm = true,
        }
        if self.fault == Some(Fault::DoubtsForgotten) {
            for row in &mut self.rows {
                row.in_doubt = None;
            }
        }
    }

    fn change(&mut self) {
        let user = self.rng.random_range(0..USERS);
        let row = &mut self.rows[user];
        let version = row.version + 1;
        let mut fields = Values::new();
        if version == 1 {
            fields.insert(Field::Email, Some(address(user)));
        } else if self.rng.random_bool(0.1) {
            // The address of a contact of nobody's, which makes HubSpot answer with a conflict.
            fields.insert(Field::Email, Some(format!("spare{user}-{version}@example.com")));
        }
        for field in [Field::FirstName, Field::LastName] {
            // At least one is given.
            if self.rng.random_bool(0.6) || (field == Field::LastName && fields.is_empty()) {
                let word = if self.rng.random_bool(0.05) { "bad" } else { "good" };
                fields.insert(field, Some(format!("{word}-{version}")));
            }
        }
        let change = Change {
            form: UpdateForm::MergePatch,
            fields: &fields,
            if_match: None,
            key: None,
        };
        let changed = rules::accept_change(row, &change, self.now, &self.terms).unwrap();
        // An announcement may be lost.
        if changed.wake && !self.bad_luck(0.2) {
            self.stream.insert(user);
        }
    }

    fn sweep(&mut self) {
        for (user, row) in self.rows.iter_mut().enumerate() {
            if self.fault == Some(Fault::RechecksForgotten) {
                row.recheck_at = None;
            }
            let priority = rules::handle_due(row, self.now, &self.terms);
            if priority.is_some() && self.fault != Some(Fault::SweepSilent) {
                self.stream.insert(user);
            }
        }
        self.plan(SECOND, Event::Sweep);
    }

    fn merge(&mut self) {
        if self.calm {
            return;
        }
        let user = self.rng.random_range(0..USERS);
        if let Some(link) = &self.rows[user].link {
            let contact = link.contact_id.clone();
            self.contacts += 1;
            let into = format!("merged-{}", self.contacts);
            self.hubspot.merge(&contact, &into);
        }
        let pause = self.rng.random_range(60 * SECOND..300 * SECOND);
        self.plan(pause, Event::Merge);
    }
}
