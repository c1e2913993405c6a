//! The figures, as JSON or for people.

use std::fmt;

use serde::Serialize;

use super::Restart;
use crate::{table::Table, usage::Usage};

/// Everything that was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// How many users were unsettled.
    pub users: usize,
    /// How long it took to make them so.
    pub filled_in_seconds: f64,
    /// Changes in a round.
    pub changes: usize,
    /// The rounds where nobody but the changed users was unsettled.
    pub with_none: Vec<Round>,
    /// The rounds where all of them were.
    pub with_all: Vec<Round>,
    /// Their table; none with SQLite.
    pub table: Option<Table>,
    /// Each part, started again with all of them.
    pub restarts: Vec<Restart>,
}

/// A round of changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Round {
    /// How long it took.
    pub seconds: f64,
    /// What each process used.
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

/// What the process of that name used.
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
            "{users} unsettled users, made in {filled:.0} s; medians of {} rounds of {changes} changes, in turns",
            self.with_all.len()
        )?;
        let (none, all) = (&self.with_none, &self.with_all);
        let speed = |round: &Round| self.changes() / round.seconds;
        writeln!(to, "\n{:<28}{:>12}{:>12}", "", "none", "all")?;
        row(
            to,
            "changes a second",
            Self::median(none, speed),
            Self::median(all, speed),
        )?;
        let Some(first) = all.first() else {
            return Ok(());
        };
        for Usage { process, .. } in &first.usage {
            let cpu = |round: &Round| of(round, process, |usage| usage.cpu_seconds) / self.changes() * 1e6;
            let what = format!("{process}: µs a change");
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
