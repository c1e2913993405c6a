//! A model of the stream of wake-ups and its one consumer.

use std::collections::BTreeMap;

use crate::event::Process;

/// The stream, and who is served from it.
#[derive(Debug, Default)]
pub(crate) struct Broker {
    /// By user, the number of the wake-up that the stream holds.
    pub(crate) held: BTreeMap<usize, u64>,
    last_sequence: u64,
    window: usize,
    kept: Option<(BTreeMap<usize, u64>, u64)>,
    /// Workers that want wake-ups, and under which making of the consumer they get them.
    wanting: Vec<(Process, u64)>,
    serving: Option<(Process, u64)>,
    made: u64,
    /// Workers about to make the consumer anew.
    remaking: Vec<Process>,
}

/// What became of an announcement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Published {
    /// The stream holds it under that number.
    Held(u64),
    /// It holds an earlier one of this user.
    Discarded,
    /// It is full.
    Full,
}

impl Broker {
    /// An empty stream for so many wake-ups.
    pub(crate) fn new(window: usize) -> Self {
        Self {
            window,
            ..Self::default()
        }
    }

    /// How many more wake-ups fit.
    pub(crate) fn room(&self) -> usize {
        self.window.saturating_sub(self.held.len())
    }

    /// Takes an announcement.
    pub(crate) fn publish(&mut self, user: usize) -> Published {
        if self.held.contains_key(&user) {
            return Published::Discarded;
        }
        if self.room() == 0 {
            return Published::Full;
        }
        self.last_sequence += 1;
        self.held.insert(user, self.last_sequence);
        Published::Held(self.last_sequence)
    }

    /// Takes an acknowledgement, whichever consumer it was given by; true where a wake-up went.
    pub(crate) fn acknowledge(&mut self, sequence: u64) -> bool {
        let before = self.held.len();
        self.held.retain(|_, held| *held != sequence);
        self.held.len() < before
    }

    /// A worker wants wake-ups: the consumer is made anew for it, which ends that of the others. Returns those that
    /// will make it anew in turn.
    pub(crate) fn open(&mut self, process: Process) -> Vec<Process> {
        self.close(process);
        self.made += 1;
        self.wanting.push((process, self.made));
        self.serving = Some((process, self.made));
        self.remaking_but(Some(process))
    }

    /// Workers that want wake-ups and will make the consumer anew, except those that are about to already.
    fn remaking_but(&mut self, one: Option<Process>) -> Vec<Process> {
        let others = self.wanting.iter().map(|(other, _)| *other);
        let others = others.filter(|other| Some(*other) != one && !self.remaking.contains(other));
        let others: Vec<Process> = others.collect();
        self.remaking.extend(&others);
        others
    }

    /// A worker makes the consumer anew now.
    pub(crate) fn is_remaking(&mut self, process: Process) {
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

    /// Whom wake-ups are delivered to, and the making of its consumer.
    pub(crate) fn serving(&self) -> Option<(Process, u64)> {
        self.serving
    }

    /// Whether what was sent under that making still reaches the worker.
    pub(crate) fn still_serves(&self, process: Process, made: u64) -> bool {
        self.wanting.contains(&(process, made))
    }

    /// The connection of every consumer is cut. Returns those that will make it anew.
    pub(crate) fn cut(&mut self) -> Vec<Process> {
        self.serving = None;
        for (_, made) in &mut self.wanting {
            *made = 0;
        }
        self.remaking_but(None)
    }

    /// Keeps a copy of what it holds.
    pub(crate) fn keep(&mut self) {
        self.kept = Some((self.held.clone(), self.last_sequence));
    }

    /// Loses everything, or goes back to the copy.
    pub(crate) fn lose(&mut self, roll_back: bool) {
        let kept = self.kept.take().filter(|_| roll_back);
        (self.held, self.last_sequence) = kept.unwrap_or_default();
    }
}
