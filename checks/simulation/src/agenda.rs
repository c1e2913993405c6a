//! What happens when: events by virtual time, those of the same time in the order they were planned.

use std::{cmp::Ordering, collections::BinaryHeap};

use crate::event::Event;

/// Virtual milliseconds since the start of the schedule.
pub(crate) type Time = u64;

#[derive(Debug)]
struct Planned {
    at: Time,
    sequence: u64,
    event: Event,
}

impl Ord for Planned {
    fn cmp(&self, other: &Self) -> Ordering {
        // The heap gives the greatest first.
        (other.at, other.sequence).cmp(&(self.at, self.sequence))
    }
}

impl PartialOrd for Planned {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Planned {
    fn eq(&self, other: &Self) -> bool {
        self.sequence == other.sequence
    }
}

impl Eq for Planned {}

/// Events that are to come.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    events: BinaryHeap<Planned>,
    planned: u64,
    /// How many of them are work that is not done yet, neither a clock's tick nor planned from the start.
    work: usize,
}

impl Agenda {
    /// Plans an event.
    pub(crate) fn plan(&mut self, at: Time, event: Event) {
        self.planned += 1;
        self.work += usize::from(event.is_work());
        let sequence = self.planned;
        self.events.push(Planned { at, sequence, event });
    }

    /// The next event and its time.
    pub(crate) fn next(&mut self) -> Option<(Time, Event)> {
        let Planned { at, event, .. } = self.events.pop()?;
        self.work -= usize::from(event.is_work());
        Some((at, event))
    }

    /// Whether somebody's work is not done yet.
    pub(crate) fn has_work(&self) -> bool {
        self.work > 0
    }

    /// When the next of the events comes that were planned from the start.
    pub(crate) fn next_scripted(&self) -> Option<Time> {
        let scripted = self.events.iter().filter(|planned| planned.event.is_scripted());
        scripted.map(|planned| planned.at).min()
    }

    /// Nothing runs until then: what was to come before comes then, in the same order.
    pub(crate) fn sleep_until(&mut self, until: Time) {
        let mut all = std::mem::take(&mut self.events).into_vec();
        for planned in &mut all {
            planned.at = planned.at.max(until);
        }
        self.events = all.into();
    }
}
