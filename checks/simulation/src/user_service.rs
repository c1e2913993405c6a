//! The user service: rows and the lease in memory, each request one transaction that applies the rules as the
//! service's writer does.

mod claim;
mod record;
mod sweep;

use contracts::{
    ChangeLease, DeliveryAction, Field, LeaseAnswer, Priority, UserId, Values, delivery::LeaseAction,
};
use user::rules::{self, Change, Changed, Imported, Lease, Refusal, Row, RuleTiming, UnixMs};

use crate::{agenda::Time, tally::Tally, transition::Transition};

/// What the service's clock shows when the schedule starts.
const START: UnixMs = 1_800_000_000_000;

/// Rows, lease and clock.
#[derive(Debug)]
pub(crate) struct UserService {
    /// By user; one that does not exist yet has version 0.
    pub(crate) rows: Vec<Row>,
    /// The one lease.
    pub(crate) lease: Lease,
    /// The lengths of time the rules go by.
    pub(crate) terms: RuleTiming,
    /// How far its clock has stepped away.
    pub(crate) skew: i64,
    /// Users to announce after the transaction.
    pub(crate) announcements: Vec<usize>,
    /// By user, the epoch that each attempt was given under.
    epochs: Vec<Vec<u64>>,
    /// In which versions each field of each user was touched, ascending; kept apart from the rows.
    pub(crate) history: Vec<contracts::PerField<Vec<u64>>>,
}

impl UserService {
    /// So many users, none of whom exists yet.
    pub(crate) fn new(users: usize) -> Self {
        let rows = (0..users).map(|user| Row::new(user_id(user))).collect();
        Self {
            rows,
            lease: Lease::default(),
            terms: RuleTiming::default(),
            skew: 0,
            announcements: Vec::new(),
            epochs: vec![Vec::new(); users],
            history: vec![contracts::PerField::default(); users],
        }
    }

    /// What its clock shows.
    pub(crate) fn clock(&self, now: Time) -> UnixMs {
        START + i64::try_from(now).unwrap_or(0) + self.skew
    }

    /// When that will be, by the time of the schedule.
    pub(crate) fn time_of(&self, at: UnixMs) -> Time {
        Time::try_from(at - START - self.skew).unwrap_or(0)
    }

    /// A caller's change.
    pub(crate) fn change(
        &mut self,
        user: usize,
        change: &Change<'_>,
        now: Time,
        tally: &mut Tally,
    ) -> Result<Changed, Refusal> {
        let clock = self.clock(now);
        let row = &mut self.rows[user];
        let before = row.version;
        let changed = rules::accept_change(row, change, clock, &self.terms);
        let what = match &changed {
            Err(_) => Transition::ChangeRefused,
            Ok(_) if row.version == before => Transition::Unchanged,
            Ok(_) if row.unchanged.last().is_some_and(|(_, last)| *last == row.version) => {
                Transition::Unchanged
            }
            Ok(_) => Transition::Changed,
        };
        tally.transitions.add(what);
        if changed.as_ref().is_ok_and(|changed| changed.wake) {
            self.announcements.push(user);
        }
        changed
    }

    /// A line of an import.
    pub(crate) fn import(
        &mut self,
        user: usize,
        fields: &Values,
        now: Time,
        tally: &mut Tally,
    ) -> Result<Imported, Refusal> {
        let clock = self.clock(now);
        let imported = rules::accept_line(&mut self.rows[user], fields, clock);
        tally.transitions.add(match &imported {
            Err(_) => Transition::ChangeRefused,
            Ok(imported) if imported.is_changed => Transition::Imported,
            Ok(_) => Transition::ImportedNothing,
        });
        imported
    }

    /// A worker asks for the lease.
    pub(crate) fn ask_lease(&mut self, ask: &ChangeLease, now: Time, tally: &mut Tally) -> LeaseAnswer {
        let clock = self.clock(now);
        let has_links = self.rows.iter().any(|row| row.link.is_some());
        let answer = rules::change_lease(&mut self.lease, ask, has_links, clock, &self.terms);
        match ask.action {
            LeaseAction::Yield => tally.transitions.add(Transition::SteppedAside),
            LeaseAction::Release => tally.transitions.add(Transition::Released),
            LeaseAction::Hold => {}
        }
        answer
    }

    /// An operator pauses delivery, or lets it go on.
    pub(crate) fn control_line(&mut self, wish: DeliveryAction, now: Time) {
        let clock = self.clock(now);
        rules::control_delivery(&mut self.lease, wish, clock);
    }

    /// In which version a field was last touched, as of a version.
    pub(crate) fn touched_as_of(&self, user: usize, field: Field, version: u64) -> u64 {
        let touched = &self.history[user][field];
        touched
            .iter()
            .rev()
            .find(|at| **at <= version)
            .copied()
            .unwrap_or(0)
    }

    /// The epoch under which an attempt was given.
    pub(crate) fn epoch_of(&self, user: usize, attempt: u64) -> u64 {
        let index = usize::try_from(attempt).unwrap_or(0).wrapping_sub(1);
        self.epochs[user].get(index).copied().unwrap_or(0)
    }

    /// The lane a user is announced in.
    pub(crate) fn priority(&self, user: usize) -> Priority {
        self.rows[user].priority
    }
}

/// The id of a user.
pub(crate) fn user_id(user: usize) -> UserId {
    format!("u{user}")
        .parse()
        .expect("a letter and digits make an id")
}

/// The user of that id.
pub(crate) fn user_of(id: &UserId) -> usize {
    id.as_str()[1..].parse().expect("every id was made by user_id")
}
