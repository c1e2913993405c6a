//! The figures, as JSON or for people.

use std::fmt;

use serde::Serialize;

use super::{Page, Watched};
use crate::{
    delays::Delays,
    usage::{Usage, write_usage},
};

/// Everything that was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Changes in a second.
    pub rate: u32,
    /// How long a round took.
    pub seconds: u64,
    /// How many browsers watched.
    pub browsers: usize,
    /// The rounds without browsers.
    pub without: Vec<Round>,
    /// The rounds with them.
    pub with: Vec<Round>,
    /// Chromium; none where it was left out.
    pub page: Option<Page>,
}

/// A round of changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Round {
    /// From sending a change until the gateway's 200.
    pub answered: Option<Delays>,
    /// What each process used.
    pub usage: Vec<Usage>,
    /// What the browsers got.
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

impl fmt::Display for Report {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            to,
            "{} changes a second; medians of {} rounds of {} s each, in turns",
            self.rate,
            self.with.len(),
            self.seconds
        )?;
        let heading = format!("{} browsers", self.browsers);
        writeln!(to, "\n{:<32}{:>12}{heading:>14}", "", "none")?;
        let mut row = |what: &str, figure: &dyn Fn(&Round) -> f64| {
            let (none, all) = (median(&self.without, figure), median(&self.with, figure));
            writeln!(to, "{what:<32}{none:>12.2}{all:>14.2}")
        };
        for process in ["api-gateway", "user", "hubspot", "nats-server"] {
            row(&format!("{process}: CPU s"), &|round| cpu(&round.usage, process))?;
        }
        row("answered, p50 ms", &|round| {
            round.answered.map_or(f64::NAN, |delays| delays.p50_ms)
        })?;
        row("answered, p99 ms", &|round| {
            round.answered.map_or(f64::NAN, |delays| delays.p99_ms)
        })?;
        let watched = self.with.iter().map(|round| round.watched);
        for Watched {
            bytes,
            frames,
            dropped,
        } in watched
        {
            writeln!(
                to,
                "browsers: {bytes} bytes, {frames} frames of changes, {dropped} times behind"
            )?;
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
            "{count} lone changes, sent until seen as confirmed: p50 {p50_ms:.0} ms, p99 {p99_ms:.0} ms, at most {max_ms:.0} ms"
        )?;
    }
    writeln!(
        to,
        "\nat {rate} changes a second\n{:>8}{:>12}{:>10}{:>16}{:>14}{:>10}",
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
