//! How often each fault, answer and transition occurred.

use std::{fmt, marker::PhantomData};

use crate::{fault::Fault, seen::Seen, transition::Transition};

/// Something that is counted by name.
pub trait Named: Copy + 'static {
    /// All of them, in order.
    const ALL: &'static [Self];

    /// What it is called.
    fn name(self) -> &'static str;

    /// Its place in [`Named::ALL`].
    fn index(self) -> usize;
}

/// A count for each kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts<T> {
    counts: Vec<u64>,
    kind: PhantomData<T>,
}

impl<T: Named> Default for Counts<T> {
    fn default() -> Self {
        Self {
            counts: vec![0; T::ALL.len()],
            kind: PhantomData,
        }
    }
}

impl<T: Named> Counts<T> {
    /// It occurred.
    pub fn add(&mut self, what: T) {
        self.counts[what.index()] += 1;
    }

    /// How often it occurred.
    pub fn of(&self, what: T) -> u64 {
        self.counts[what.index()]
    }

    /// Those that never occurred.
    pub fn never(&self) -> Vec<&'static str> {
        let all = T::ALL.iter().filter(|what| self.of(**what) == 0);
        all.map(|what| what.name()).collect()
    }

    fn join(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
    }

    fn write(&self, formatter: &mut fmt::Formatter<'_>, title: &str) -> fmt::Result {
        writeln!(formatter, "{title}")?;
        for what in T::ALL {
            writeln!(formatter, "  {:<58} {:>12}", what.name(), self.of(*what))?;
        }
        Ok(())
    }
}

/// What happened in one schedule or in many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Schedules that were run.
    pub schedules: u64,
    /// Faults that occurred.
    pub faults: Counts<Fault>,
    /// Answers that reached an engine.
    pub seen: Counts<Seen>,
    /// What rows, leases, deliveries and workers went through.
    pub transitions: Counts<Transition>,
}

impl Tally {
    /// Adds what happened elsewhere.
    pub fn join(&mut self, other: &Self) {
        self.schedules += other.schedules;
        self.faults.join(&other.faults);
        self.seen.join(&other.seen);
        self.transitions.join(&other.transitions);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.faults.write(formatter, "faults")?;
        self.seen.write(formatter, "answers that reached an engine")?;
        self.transitions.write(formatter, "transitions")
    }
}
