//! Counts of faults, by kind.

use std::collections::BTreeMap;

use serde::Serialize;

/// What was broken, by kind.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Tallies {
    /// What was carried out.
    pub done: BTreeMap<String, Tally>,
    /// What could not be on this machine, with the reason.
    pub left_out: BTreeMap<String, &'static str>,
}

/// How often one kind was carried out, and what followed.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Tally {
    /// How often.
    pub times: u64,
    /// How many calls to HubSpot met it.
    pub calls_met: u64,
    /// The longest from its end to the next accepted change, in milliseconds, with whatever else was broken then.
    pub longest_until_accepted_ms: u64,
}

impl Tallies {
    pub(super) fn count(&mut self, kind: String, calls_met: u64, until_accepted_ms: u64) {
        let tally = self.done.entry(kind).or_default();
        tally.times += 1;
        tally.calls_met += calls_met;
        tally.longest_until_accepted_ms = tally.longest_until_accepted_ms.max(until_accepted_ms);
    }

    pub(super) fn leave_out(&mut self, kind: String, why: &'static str) {
        self.left_out.insert(kind, why);
    }

    /// How many faults were carried out.
    pub fn total(&self) -> u64 {
        self.done.values().map(|tally| tally.times).sum()
    }

    /// How often a single process was killed.
    pub fn kills(&self) -> u64 {
        let kills = self.done.iter().filter(|(kind, _)| kind.starts_with("kill "));
        kills.map(|(_, tally)| tally.times).sum()
    }
}
