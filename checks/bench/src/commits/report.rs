//! What was measured.

use std::{fmt, time::Duration};

use serde::Serialize;

use crate::{delays::Delays, table::Table};

/// All figures of a run.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Requests that waited at any time.
    pub in_flight: u64,
    /// Users made for the first time.
    pub new_users: Round,
    /// Updates of users that are there, committed together.
    pub together: Vec<Round>,
    /// The same, each committed alone; in turns with the others.
    pub alone: Vec<Round>,
    /// The table in the end; none with SQLite.
    pub table: Option<Table>,
}

/// One round.
#[derive(Debug, Serialize)]
pub struct Round {
    /// Durable updates.
    pub updates: u64,
    /// In a second.
    pub per_second: f64,
    /// From the request to its answer.
    pub delays: Option<Delays>,
}

impl Round {
    /// So many updates in so long.
    pub(super) fn of(updates: u64, took: Duration, delays: Vec<f64>) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let per_second = updates as f64 / took.as_secs_f64();
        Self {
            updates,
            per_second,
            delays: Delays::of(delays),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(to, "{} requests in flight", self.in_flight)?;
        line(to, "new users", &self.new_users)?;
        for (name, rounds) in [("together", &self.together), ("alone", &self.alone)] {
            for round in rounds {
                line(to, name, round)?;
            }
        }
        if let Some(table) = &self.table {
            writeln!(to, "{table}")?;
        }
        Ok(())
    }
}

fn line(to: &mut fmt::Formatter<'_>, name: &str, round: &Round) -> fmt::Result {
    write!(to, "{name:<10} {:>9.0}/s", round.per_second)?;
    if let Some(delays) = &round.delays {
        write!(
            to,
            "   p50 {:>6.1} ms   p99 {:>6.1} ms",
            delays.p50_ms, delays.p99_ms
        )?;
    }
    writeln!(to)
}
