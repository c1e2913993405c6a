//! Counts faults by kind.

use std::collections::BTreeMap;

use serde::Serialize;

/// The faults by kind.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FaultCounts {
    /// Faults that were injected.
    pub injected: BTreeMap<String, FaultCount>,
    /// Faults that cannot be injected on this machine, with the reason.
    pub skipped: BTreeMap<String, &'static str>,
}

/// How often one kind was injected, and what followed.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct FaultCount {
    /// How often it was injected.
    pub times: u64,
    /// How many calls to HubSpot it affected.
    pub calls_met: u64,
    /// The longest time from its end to the next accepted change, in milliseconds. Other faults may have been in effect.
    pub longest_until_accepted_ms: u64,
}

impl FaultCounts {
    pub(super) fn count(&mut self, kind: String, calls_met: u64, until_accepted_ms: u64) {
        let count = self.injected.entry(kind).or_default();
        count.times += 1;
        count.calls_met += calls_met;
        count.longest_until_accepted_ms = count.longest_until_accepted_ms.max(until_accepted_ms);
    }

    pub(super) fn skip(&mut self, kind: String, why: &'static str) {
        self.skipped.insert(kind, why);
    }

    /// How many faults were injected.
    pub fn total(&self) -> u64 {
        self.injected.values().map(|count| count.times).sum()
    }

    /// How often a single process was killed.
    pub fn kills(&self) -> u64 {
        let kills = self.injected.iter().filter(|(kind, _)| kind.starts_with("kill "));
        kills.map(|(_, count)| count.times).sum()
    }
}
