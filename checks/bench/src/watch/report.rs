//! The report of `watch`, as JSON or as text.

use std::fmt;

use serde::Serialize;

use super::{Page, Watched};
use crate::figures::{
    delays::Delays,
    process_usage::{Usage, write_usage},
};

/// Everything that was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Changes per second.
    pub rate: u32,
    /// The length of a round, in seconds.
    pub seconds: u64,
    /// The rounds by number of browsers.
    pub columns: Vec<Column>,
    /// The figures of Chromium; `None` if it was skipped.
    pub page: Option<Page>,
}

/// The rounds with one number of browsers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Column {
    /// The number of browsers.
    pub browsers: usize,
    /// The rounds.
    pub rounds: Vec<Round>,
}

/// A round of changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Round {
    /// From sending a change until the gateway's 200.
    pub answered: Option<Delays>,
    /// Memory and CPU time of each process.
    pub usage: Vec<Usage>,
    /// The data that the browsers received.
    pub watched: Watched,
}

fn cpu(usage: &[Usage], process: &str) -> f64 {
    let used = usage.iter().find(|usage| usage.process == process);
    used.map_or(f64::NAN, |usage| usage.cpu_seconds)
}

fn median(rounds: &[Round], figure: impl Fn(&Round) -> f64) -> f64 {
    let mut figures: Vec<f64> = rounds.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

impl Report {
    fn row(&self, to: &mut fmt::Formatter<'_>, what: &str, figure: impl Fn(&Round) -> f64) -> fmt::Result {
        write!(to, "{what:<26}")?;
        for column in &self.columns {
            write!(to, "{:>10.2}", median(&column.rounds, &figure))?;
        }
        writeln!(to)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            to,
            "{} changes per second; medians of {} alternating rounds of {} s each",
            self.rate,
            self.columns.first().map_or(0, |column| column.rounds.len()),
            self.seconds
        )?;
        write!(to, "\n{:<26}", "browsers")?;
        for column in &self.columns {
            write!(to, "{:>10}", column.browsers)?;
        }
        writeln!(to)?;
        for process in ["api-gateway", "user", "hubspot", "nats-server"] {
            self.row(to, &format!("{process}: CPU s"), |round| {
                cpu(&round.usage, process)
            })?;
        }
        let answered =
            |figure: fn(Delays) -> f64| move |round: &Round| round.answered.map_or(f64::NAN, figure);
        self.row(to, "answered, p50 ms", answered(|delays| delays.p50_ms))?;
        self.row(to, "answered, p99 ms", answered(|delays| delays.p99_ms))?;
        for Column { browsers, rounds } in &self.columns {
            for Watched {
                bytes,
                frames,
                dropped,
            } in rounds.iter().map(|round| round.watched)
            {
                writeln!(
                    to,
                    "{browsers} browsers: {bytes} bytes, {frames} frames of changes, {dropped} times frames were dropped"
                )?;
            }
        }
        match &self.page {
            Some(page) => write_page(to, page, self.rate),
            None => Ok(()),
        }
    }
}

fn write_page(to: &mut fmt::Formatter<'_>, page: &Page, rate: u32) -> fmt::Result {
    writeln!(to, "\nChromium")?;
    if let Some(seen) = page.seen {
        let Delays {
            count,
            p50_ms,
            p99_ms,
            max_ms,
        } = seen;
        writeln!(
            to,
            "{count} single changes, from sending until shown as confirmed: p50 {p50_ms:.0} ms, p99 {p99_ms:.0} ms, at most {max_ms:.0} ms"
        )?;
    }
    writeln!(
        to,
        "\nat {rate} changes per second\n{:>8}{:>12}{:>10}{:>16}{:>14}{:>10}",
        "after s", "heap MiB", "nodes", "tasks > 50 ms", "longest ms", "busy s"
    )?;
    for sample in &page.samples {
        writeln!(
            to,
            "{:>8}{:>12.2}{:>10}{:>16}{:>14.0}{:>10.2}",
            sample.after_seconds,
            sample.heap_mib,
            sample.nodes,
            sample.long_tasks,
            sample.longest_task_ms,
            sample.busy_seconds
        )?;
    }
    write_usage(to, &page.usage)
}
