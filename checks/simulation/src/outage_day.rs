//! A day with an outage of HubSpot in it, hour by hour, in virtual time.

use std::fmt;

use contracts::Field;

use crate::{
    agenda::Time,
    event::Event,
    fault::Fault,
    plan::{HOUR, Plan, SECOND},
    random::Random,
    seen::Seen,
    transition::Transition,
    world::World,
};

/// Between these hours HubSpot answers everything with an error.
const OUTAGE: std::ops::Range<u64> = 9..15;
/// How many of a hundred of the busiest hour's changes come in each hour.
const CURVE: [u64; 24] = [
    15, 10, 8, 8, 10, 20, 40, 65, 90, 100, 100, 95, 85, 90, 100, 95, 85, 75, 65, 60, 55, 45, 35, 25,
];
/// The first delivery to everybody takes at most this long.
const MAX_BEFORE: Time = 10 * HOUR;
/// How often it is looked who waits.
const LOOK: Time = 5 * SECOND;

/// What a day is like.
#[derive(Debug, Clone, Copy)]
pub struct Day {
    /// How many users there are, each with a contact.
    pub users: usize,
    /// Changes in the busiest hour.
    pub busiest: u64,
}

/// How a day went.
#[derive(Debug)]
pub struct DayReport {
    /// Each hour.
    pub hours: Vec<Hour>,
    /// How many users waited when the outage ended.
    pub waiting: usize,
    /// When the last of them had been delivered, in milliseconds from the end of the outage.
    pub recovery_ms: Time,
    /// Records that failed, and failures that were counted against one.
    pub counted: u64,
}

/// An hour of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hour {
    /// Changes that were accepted.
    pub changes: u64,
    /// Calls that HubSpot answered, with an error or not.
    pub calls: u64,
    /// The most users that waited at any time.
    pub most_waiting: usize,
}

/// Plays a day through. The error says what went wrong.
pub fn play(day: Day) -> Result<DayReport, String> {
    let mut world = World::by(Plan::quiet(day.users), Random::new(0), false);
    let delivering = |world: &World| world.tally.transitions.of(Transition::LeaseGained) > 0;
    world.run_until(MAX_BEFORE, delivering)?;
    world.change_everyone(Field::FIRST_NAME);
    while world.dirty_users().next().is_some() {
        let soon = world.now + SECOND;
        world.run_until(MAX_BEFORE, |world| world.now >= soon)?;
    }
    Played {
        begun_at: world.now,
        world,
        day,
        waiting: Vec::new(),
        recovered_at: None,
    }
    .through()
}

struct Played {
    world: World,
    day: Day,
    begun_at: Time,
    /// Users that waited at the end of the outage, and the turn that they were at.
    waiting: Vec<(usize, u64)>,
    recovered_at: Option<Time>,
}

impl Played {
    fn through(mut self) -> Result<DayReport, String> {
        let mut hours = Vec::new();
        let mut waiting = 0;
        for hour in 0..24 {
            if hour == OUTAGE.start {
                self.world.begin(Fault::Outage);
            }
            if hour == OUTAGE.end {
                self.world.finish(Fault::Outage);
                let users = self.world.dirty_users();
                self.waiting = users
                    .map(|user| (user, self.world.users.rows[user].generation))
                    .collect();
                waiting = self.waiting.len();
            }
            hours.push(self.hour(hour)?);
        }
        let recovered_at = self
            .recovered_at
            .ok_or("not everybody was delivered after the outage")?;
        let of = |what| self.world.tally.transitions.of(what);
        Ok(DayReport {
            hours,
            waiting,
            recovery_ms: recovered_at - (self.begun_at + OUTAGE.end * HOUR),
            counted: of(Transition::Failed) + of(Transition::FailureCounted),
        })
    }

    fn hour(&mut self, hour: u64) -> Result<Hour, String> {
        let (calls, changes) = (self.calls(), self.changes());
        let start = self.begun_at + hour * HOUR;
        let at_all = self.day.busiest * CURVE[usize::try_from(hour).unwrap_or_default()] / 100;
        for _ in 0..at_all {
            let at = start + self.world.random.below(HOUR);
            let user = self.world.random.index(self.day.users);
            self.world
                .agenda
                .plan(at.max(self.world.now), Event::ChangeOf { user });
        }
        let mut most_waiting = 0;
        let mut looked_at = start;
        while looked_at < start + HOUR {
            looked_at += LOOK;
            self.world
                .run_until(looked_at + HOUR, |world| world.now >= looked_at)?;
            most_waiting = most_waiting.max(self.world.dirty_users().count());
            self.look_who_waits();
        }
        Ok(Hour {
            changes: self.changes() - changes,
            calls: self.calls() - calls,
            most_waiting,
        })
    }

    fn look_who_waits(&mut self) {
        let rows = &self.world.users.rows;
        let waits = |(user, generation): &(usize, u64)| {
            let fields = rows[*user].fields.iter();
            fields
                .into_iter()
                .any(|(_, field)| field.is_dirty() && field.dirty_since <= *generation)
        };
        let some_waited = !self.waiting.is_empty();
        self.waiting.retain(waits);
        if some_waited && self.waiting.is_empty() {
            self.recovered_at = Some(self.world.now);
        }
    }

    fn calls(&self) -> u64 {
        let of_an_input = [
            Seen::InputInvalid,
            Seen::InputConflict,
            Seen::InputNotFound,
            Seen::InputLocked,
            Seen::InputOther,
        ];
        let answers = Seen::ALL.iter().filter(|seen| !of_an_input.contains(*seen));
        answers.map(|seen| self.world.tally.seen.of(*seen)).sum()
    }

    fn changes(&self) -> u64 {
        self.world.tally.transitions.of(Transition::Changed)
    }
}

impl fmt::Display for DayReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            formatter,
            "{:<8}{:>12}{:>12}{:>16}",
            "hour", "changes", "calls", "waiting, most"
        )?;
        for (number, hour) in (0u64..).zip(&self.hours) {
            let outage = if OUTAGE.contains(&number) { " outage" } else { "" };
            writeln!(
                formatter,
                "{number:<8}{:>12}{:>12}{:>16}{outage}",
                hour.changes, hour.calls, hour.most_waiting
            )?;
        }
        let sum = |figure: fn(&Hour) -> u64| self.hours.iter().map(figure).sum::<u64>();
        let (changes, calls) = (sum(|hour| hour.changes), sum(|hour| hour.calls));
        writeln!(formatter, "{:<8}{changes:>12}{calls:>12}", "day")?;
        writeln!(
            formatter,
            "{} users waited at the end of the outage; the last was delivered {} s later; {} failed or counted",
            self.waiting,
            self.recovery_ms.div_ceil(SECOND),
            self.counted
        )
    }
}
