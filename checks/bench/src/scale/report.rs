//! The report of `scale`, as JSON or as text.

use std::fmt;

use serde::Serialize;

use super::Restart;
use crate::figures::{process_usage::Usage, table::Table};

/// Everything that was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The number of dirty users.
    pub users: usize,
    /// How long it took to create them.
    pub filled_in_seconds: f64,
    /// Changes in a round.
    pub changes: usize,
    /// The rounds in the system in which only the changed users are dirty.
    pub with_none: Vec<Round>,
    /// The rounds in the system with many dirty users.
    pub with_all: Vec<Round>,
    /// The table of the second system; `None` with SQLite.
    pub table: Option<Table>,
    /// The restarts of each component of the second system.
    pub restarts: Vec<Restart>,
}

/// The figures of a round.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Round {
    /// The time of the round, in seconds.
    pub seconds: f64,
    /// Memory and CPU time of each process.
    pub usage: Vec<Usage>,
}

impl Report {
    fn changes(&self) -> f64 {
        u32::try_from(self.changes).map_or(f64::INFINITY, f64::from)
    }

    /// The median of the rounds.
    fn median(rounds: &[Round], figure: impl Fn(&Round) -> f64) -> f64 {
        let mut figures: Vec<f64> = rounds.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

/// A figure of the process with this name.
fn of(round: &Round, process: &str, figure: impl Fn(&Usage) -> f64) -> f64 {
    let usage = round.usage.iter().find(|usage| usage.process == process);
    usage.map_or(f64::NAN, figure)
}

impl fmt::Display for Report {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { users, changes, .. } = self;
        let filled = self.filled_in_seconds;
        writeln!(
            to,
            "{users} dirty users, created in {filled:.0} s; medians of {} alternating rounds of {changes} changes",
            self.with_all.len()
        )?;
        let (none, all) = (&self.with_none, &self.with_all);
        let speed = |round: &Round| self.changes() / round.seconds;
        writeln!(to, "\n{:<28}{:>12}{:>12}", "", "none", "all")?;
        row(
            to,
            "changes per second",
            Self::median(none, speed),
            Self::median(all, speed),
        )?;
        let Some(first) = all.first() else {
            return Ok(());
        };
        for Usage { process, .. } in &first.usage {
            let cpu = |round: &Round| of(round, process, |usage| usage.cpu_seconds) / self.changes() * 1e6;
            let what = format!("{process}: µs per change");
            row(to, &what, Self::median(none, cpu), Self::median(all, cpu))?;
        }
        for Usage { process, .. } in &first.usage {
            let most = |round: &Round| of(round, process, |usage| usage.rss_max_mib);
            let what = format!("{process}: MiB");
            row(to, &what, Self::median(none, most), Self::median(all, most))?;
        }
        if let Some(table) = &self.table {
            writeln!(to, "\n{table}")?;
        }
        writeln!(to, "\n{:<28}{:>12}{:>12}", "", "to stop", "to be ready")?;
        for restart in &self.restarts {
            let stopping = restart
                .stopping
                .map_or("killed".to_owned(), |seconds| format!("{seconds:.2} s"));
            writeln!(
                to,
                "{:<28}{stopping:>12}{:>10.2} s",
                restart.part, restart.starting
            )?;
        }
        Ok(())
    }
}

fn row(to: &mut fmt::Formatter<'_>, what: &str, none: f64, all: f64) -> fmt::Result {
    writeln!(to, "{what:<28}{none:>12.1}{all:>12.1}")
}
