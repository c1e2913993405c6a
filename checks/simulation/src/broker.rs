//! A model of the stream of wake-ups and its one consumer.

use std::collections::BTreeMap;

use contracts::Priority;

use crate::event::Process;

/// The stream, and the workers that want wake-ups from it.
#[derive(Debug, Default)]
pub(crate) struct Broker {
    /// By user, the wake-up that the stream holds.
    pub(crate) held: BTreeMap<usize, Held>,
    last_sequence: u64,
    window: usize,
    copy: Option<(BTreeMap<usize, Held>, u64)>,
    /// Workers that want wake-ups, and the number of the consumer by which they get them.
    wanting: Vec<(Process, u64)>,
    serving: Option<(Process, u64)>,
    made: u64,
    /// Workers that are about to create the consumer again.
    remaking: Vec<Process>,
}

/// A wake-up in the stream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    /// Its number.
    pub(crate) sequence: u64,
    /// How urgent it says that its user is.
    pub(crate) priority: Priority,
}

/// What became of a wake-up that was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Published {
    /// The stream holds it under that number.
    Held(u64),
    /// It holds an earlier one of this user.
    HeldEarlier,
    /// It is full.
    Full,
}

impl Broker {
    /// An empty stream that takes this many wake-ups.
    pub(crate) fn new(window: usize) -> Self {
        Self {
            window,
            ..Self::default()
        }
    }

    /// Takes a wake-up, unless it holds one of this user.
    pub(crate) fn publish(&mut self, user: usize, priority: Priority) -> Published {
        if self.held.contains_key(&user) {
            return Published::HeldEarlier;
        }
        if self.held.len() >= self.window {
            return Published::Full;
        }
        self.last_sequence += 1;
        let sequence = self.last_sequence;
        self.held.insert(user, Held { sequence, priority });
        Published::Held(self.last_sequence)
    }

    /// Takes an acknowledgement, from whichever consumer. Returns whether it removed a wake-up.
    pub(crate) fn acknowledge(&mut self, sequence: u64) -> bool {
        let before = self.held.len();
        self.held.retain(|_, held| held.sequence != sequence);
        self.held.len() < before
    }

    /// A worker creates the consumer again, which ends that of the others. Returns the workers that will create it again in
    /// turn.
    pub(crate) fn open(&mut self, process: Process) -> Vec<Process> {
        self.close(process);
        self.made += 1;
        self.wanting.push((process, self.made));
        self.serving = Some((process, self.made));
        self.others_to_remake(Some(process))
    }

    /// Workers that want wake-ups and will create the consumer again, except those that are about to already.
    fn others_to_remake(&mut self, one: Option<Process>) -> Vec<Process> {
        let others = self.wanting.iter().map(|(other, _)| *other);
        let others = others.filter(|other| Some(*other) != one && !self.remaking.contains(other));
        let others: Vec<Process> = others.collect();
        self.remaking.extend(&others);
        others
    }

    /// A worker creates the consumer again now.
    pub(crate) fn finish_remaking(&mut self, process: Process) {
        self.remaking.retain(|other| *other != process);
    }

    /// A worker wants no more wake-ups.
    pub(crate) fn close(&mut self, process: Process) {
        self.wanting.retain(|(other, _)| *other != process);
        self.serving = self.serving.filter(|(other, _)| *other != process);
    }

    /// Whether a worker wants wake-ups.
    pub(crate) fn is_wanted_by(&self, process: Process) -> bool {
        self.wanting.iter().any(|(other, _)| *other == process)
    }

    /// The worker that gets the wake-ups, and the number of its consumer.
    pub(crate) fn serving(&self) -> Option<(Process, u64)> {
        self.serving
    }

    /// The workers that get notices: those that want wake-ups and are connected.
    pub(crate) fn listening(&self) -> Vec<Process> {
        let connected = self.wanting.iter().filter(|(_, made)| *made > 0);
        connected.map(|(process, _)| *process).collect()
    }

    /// Whether what was sent to that consumer still reaches the worker.
    pub(crate) fn still_serves(&self, process: Process, made: u64) -> bool {
        self.wanting.contains(&(process, made))
    }

    /// The connection of every consumer is cut. Returns the workers that will create it again.
    pub(crate) fn cut(&mut self) -> Vec<Process> {
        self.serving = None;
        for (_, made) in &mut self.wanting {
            *made = 0;
        }
        self.others_to_remake(None)
    }

    /// Makes a copy of what it holds.
    pub(crate) fn keep(&mut self) {
        self.copy = Some((self.held.clone(), self.last_sequence));
    }

    /// Loses everything, or goes back to the copy.
    pub(crate) fn lose(&mut self, roll_back: bool) {
        let copy = self.copy.take().filter(|_| roll_back);
        (self.held, self.last_sequence) = copy.unwrap_or_default();
    }
}
