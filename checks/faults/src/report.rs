//! The report of a run, as text and as JSON.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use serde::Serialize;

use crate::{
    callers::{clients::AnswerCounts, pairs::ExchangeCounts},
    checks::{Check, Convergence, Finding, History, PairCounts},
    injection::injector::FaultCounts,
    measurements::Measurements,
};

/// How many findings of each check the text shows. The JSON contains all of them.
const MAX_SHOWN: usize = 10;

/// The figures and the findings of a run.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The seed of the plan and of the changes.
    pub seed: u64,
    /// How long faults were injected, in seconds.
    pub injected_for_s: f64,
    /// The number of accepted changes.
    pub accepted: u64,
    /// The number of answers by status.
    pub answers: AnswerCounts,
    /// The faults by kind.
    pub faults: FaultCounts,
    /// How the system converged; `None` if it did not.
    pub convergence: Option<Convergence>,
    /// Older values that overwrote newer ones, by explanation.
    pub history: History,
    /// How often addresses and contacts of two users mixed.
    pub exchanges: ExchangeCounts,
    /// What became of these users.
    pub pairs: PairCounts,
    /// The measured times of fail-over and of a restart of NATS.
    pub measurements: Measurements,
    /// Everything that the checks found. A good run has no findings.
    pub findings: Vec<Finding>,
    /// The folder with the logs of all services, if there are findings.
    pub logs: Option<PathBuf>,
}

impl fmt::Display for Report {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (accepted, faults) = (self.accepted, self.faults.total());
        let (seconds, kills) = (self.injected_for_s, self.faults.kills());
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
        for (kind, count) in &self.faults.injected {
            let (times, longest) = (count.times, count.longest_until_accepted_ms);
            write!(
                to,
                "  {kind:<32}{times:>5} times, accepted again within {longest:>6} ms"
            )?;
            if count.calls_met > 0 {
                write!(to, ", {} calls", count.calls_met)?;
            }
            writeln!(to)?;
        }
        for (kind, why) in &self.faults.skipped {
            writeln!(to, "  {kind:<32}skipped: {why}")?;
        }
        if let Some(convergence) = self.convergence {
            let (dirty, after) = (convergence.dirty_at_first, convergence.after_ms);
            writeln!(
                to,
                "converged {after} ms after the last late effect, from {dirty} dirty users"
            )?;
        }
        let History {
            writes,
            late_effects,
            superseded,
            unexplained,
        } = self.history;
        writeln!(
            to,
            "{writes} writes; older values that overwrote newer ones: {late_effects} by late effects, {superseded} by a \
             superseded worker, {unexplained} unexplained"
        )?;
        self.write_exchanges(to)?;
        write!(to, "{}", self.measurements)?;
        self.write_findings(to)
    }
}

impl Report {
    /// The number of findings of each check.
    pub fn found(&self) -> BTreeMap<Check, usize> {
        let mut found = BTreeMap::new();
        for finding in &self.findings {
            *found.entry(finding.check).or_default() += 1;
        }
        found
    }

    fn write_exchanges(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ExchangeCounts {
            swaps,
            hand_overs,
            merges,
        } = self.exchanges;
        let PairCounts {
            conflicts,
            losses,
            left_values,
        } = self.pairs;
        writeln!(
            to,
            "{swaps} swaps of addresses, {hand_overs} hand-overs, {merges} merges of two users' contacts; users lost their contacts \
             {losses} times, {conflicts} are in conflict, {left_values} values are left of former users"
        )
    }

    fn write_findings(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (check, count) in self.found() {
            writeln!(to, "FOUND by {check:?}: {count}")?;
            let findings = self.findings.iter().filter(|finding| finding.check == check);
            for finding in findings.take(MAX_SHOWN) {
                writeln!(to, "  {}", finding.what)?;
            }
        }
        if let Some(logs) = &self.logs {
            writeln!(to, "the logs are in {}", logs.display())?;
        }
        Ok(())
    }
}
