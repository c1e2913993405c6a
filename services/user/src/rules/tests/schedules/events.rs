//! What happens when.

use std::{cmp::Reverse, collections::BTreeMap};

use contracts::{AttemptResult, Claim};

use crate::rules::UnixMs;

/// One thing that happens.
#[derive(Debug, Clone)]
pub(super) enum Event {
    /// A caller changes some user.
    Change,
    /// Rows are swept.
    Sweep,
    /// A worker renews or asks for the lease and claims what it knows of.
    Work { worker: usize },
    /// A worker's wait for a failed user is over.
    Wanted { worker: usize, life: u32, user: usize },
    /// A worker calls HubSpot.
    Send(Box<Task<Claim>>),
    /// A worker reports.
    Report(Box<Task<AttemptResult>>),
    /// A report reaches the user service.
    Record(Box<Task<AttemptResult>>),
    /// HubSpot carries out what is late.
    Late,
    /// A worker freezes.
    Freeze,
    /// A worker is killed; another process takes its place.
    Kill,
    /// A contact is merged into another.
    Merge,
    /// From now on nothing goes wrong.
    Calm,
}

/// What a worker has in hand.
#[derive(Debug, Clone)]
pub(super) struct Task<T> {
    pub(super) worker: usize,
    /// Which of its lives it belongs to; it dies with it.
    pub(super) life: u32,
    pub(super) user: usize,
    pub(super) what: T,
}

/// Events by time, those of the same time in the order they were planned.
#[derive(Default)]
pub(super) struct Agenda {
    events: BTreeMap<Reverse<(UnixMs, u64)>, Event>,
    planned: u64,
}

impl Agenda {
    pub(super) fn plan(&mut self, at: UnixMs, event: Event) {
        self.planned += 1;
        self.events.insert(Reverse((at, self.planned)), event);
    }

    /// Whether a worker has anything in hand, such as a write that it has not reported.
    pub(super) fn has_tasks(&self) -> bool {
        let is_task = |event: &Event| matches!(event, Event::Send(_) | Event::Report(_) | Event::Record(_));
        self.events.values().any(is_task)
    }

    pub(super) fn next(&mut self) -> Option<(UnixMs, Event)> {
        let (Reverse((at, _)), event) = self.events.pop_last()?;
        Some((at, event))
    }
}
