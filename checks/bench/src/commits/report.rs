//! The report of `commits`.

use std::{fmt, time::Duration};

use serde::Serialize;

use crate::figures::{delays::Delays, table::Table};

/// All figures of a run.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The number of requests that waited at the same time.
    pub in_flight: u64,
    /// The creation of the users.
    pub new_users: Round,
    /// Updates of existing users, committed in groups.
    pub grouped: Vec<Round>,
    /// Updates of existing users, each committed separately. These rounds alternate with the others.
    pub single: Vec<Round>,
    /// The table at the end; `None` with SQLite.
    pub table: Option<Table>,
}

/// The figures of one round.
#[derive(Debug, Serialize)]
pub struct Round {
    /// The number of durable updates.
    pub updates: u64,
    /// Durable updates per second.
    pub per_second: f64,
    /// From the request to its answer.
    pub delays: Option<Delays>,
}

impl Round {
    /// Computes the figures of this many updates in this time.
    pub(super) fn of(updates: u64, elapsed: Duration, delays: Vec<f64>) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let per_second = updates as f64 / elapsed.as_secs_f64();
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
        for (name, rounds) in [("together", &self.grouped), ("alone", &self.single)] {
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
