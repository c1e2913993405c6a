//! The figures of a run, for people and as JSON.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use serde::Serialize;

use crate::{
    breaker::Tallies,
    checks::{Check, Finding, History, Rest},
    clients::Answers,
    measures::Measures,
};

/// So many findings of each check are shown; the JSON has them all.
const SHOWN: usize = 10;

/// What a run did and found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// What it was drawn from.
    pub seed: u64,
    /// How long things were broken, in seconds.
    pub broken_for_s: f64,
    /// Accepted changes.
    pub accepted: u64,
    /// What callers were answered.
    pub answers: Answers,
    /// What was broken.
    pub faults: Tallies,
    /// How everything came to rest; none if it did not.
    pub rest: Option<Rest>,
    /// What went backwards and was repaired.
    pub history: History,
    /// Fail-over and the return of NATS.
    pub measures: Measures,
    /// What is not as promised. A good run has none.
    pub findings: Vec<Finding>,
    /// Where the logs of all services are, if something was found.
    pub logs: Option<PathBuf>,
}

impl fmt::Display for Report {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (accepted, faults) = (self.accepted, self.faults.total());
        let (seconds, kills) = (self.broken_for_s, self.faults.kills());
        writeln!(
            to,
            "seed {}: {accepted} changes accepted in {seconds:.0} s under {faults} faults, {kills} of them kills",
            self.seed
        )?;
        let answers = self
            .answers
            .iter()
            .map(|(answer, count)| format!("{count} × {answer}"));
        writeln!(to, "answers: {}", answers.collect::<Vec<_>>().join(", "))?;
        for (kind, tally) in &self.faults.done {
            let (times, longest) = (tally.times, tally.longest_until_accepted_ms);
            write!(
                to,
                "  {kind:<32}{times:>5} times, accepted again within {longest:>6} ms"
            )?;
            if tally.calls_met > 0 {
                write!(to, ", {} calls", tally.calls_met)?;
            }
            writeln!(to)?;
        }
        for (kind, why) in &self.faults.left_out {
            writeln!(to, "  {kind:<32}left out: {why}")?;
        }
        if let Some(rest) = self.rest {
            let (unsettled, after) = (rest.unsettled_at_first, rest.after_ms);
            writeln!(
                to,
                "at rest {after} ms after the last late effect, from {unsettled} users who owed"
            )?;
        }
        let History {
            writes,
            late_effects,
            overtaken,
            unexplained,
        } = self.history;
        writeln!(
            to,
            "{writes} writes; went backwards and was repaired: {late_effects} by late effects, {overtaken} by an \
             overtaken worker; unexplained: {unexplained}"
        )?;
        write!(to, "{}", self.measures)?;
        self.write_findings(to)
    }
}

impl Report {
    /// The checks that found something, with how much.
    pub fn found(&self) -> BTreeMap<Check, usize> {
        let mut found = BTreeMap::new();
        for finding in &self.findings {
            *found.entry(finding.check).or_default() += 1;
        }
        found
    }

    fn write_findings(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (check, count) in self.found() {
            writeln!(to, "FOUND by {check:?}: {count}")?;
            let findings = self.findings.iter().filter(|finding| finding.check == check);
            for finding in findings.take(SHOWN) {
                writeln!(to, "  {}", finding.what)?;
            }
        }
        if let Some(logs) = &self.logs {
            writeln!(to, "the logs are in {}", logs.display())?;
        }
        Ok(())
    }
}
