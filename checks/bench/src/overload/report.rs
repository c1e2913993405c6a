//! The report of `overload`, as JSON or as text.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

use crate::figures::{
    delays::Delays,
    process_usage::{Usage, write_usage},
};

/// Everything that was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The connections of the sustainable load.
    pub sustained_connections: usize,
    /// The sustainable load.
    pub sustained: Load,
    /// The connections of the flood.
    pub connections: usize,
    /// The flood.
    pub flood: Load,
    /// The changes after the flood.
    pub recovery: Recovery,
    /// Memory and CPU time of each process, during and after the flood.
    pub usage: Vec<Usage>,
}

/// The answers that callers got.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Load {
    /// 200s per second.
    pub accepted_per_second: f64,
    /// How long they took.
    pub accepted: Option<Delays>,
    /// 503s with `Retry-After` per second.
    pub rejected_per_second: f64,
    /// How long they took.
    pub rejected: Option<Delays>,
    /// The number of other answers. There should be none.
    pub other: BTreeMap<String, u64>,
}

/// Changes one after another, after the flood.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Recovery {
    /// The time of the first change, in milliseconds.
    pub first_ms: f64,
    /// All of them.
    pub after_flood: Delays,
}

impl fmt::Display for Report {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(to, "{} connections", self.sustained_connections)?;
        write!(to, "{}", self.sustained)?;
        let (flood, sustained) = (&self.flood, self.sustained.accepted_per_second);
        let times = (flood.accepted_per_second + flood.rejected_per_second) / sustained;
        writeln!(
            to,
            "\n{} connections, {times:.1} times the requests",
            self.connections
        )?;
        write!(to, "{flood}")?;
        let Recovery {
            first_ms,
            after_flood,
        } = self.recovery;
        writeln!(
            to,
            "\nafter it, one at a time: the first in {first_ms:.1} ms, p50 {:.1} ms, p99 {:.1} ms",
            after_flood.p50_ms, after_flood.p99_ms
        )?;
        write_usage(to, &self.usage)
    }
}

impl fmt::Display for Load {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(to, "accepted", self.accepted_per_second, self.accepted)?;
        line(
            to,
            "rejected with Retry-After",
            self.rejected_per_second,
            self.rejected,
        )?;
        for (what, count) in &self.other {
            writeln!(to, "  {what:<26}{count:>8}")?;
        }
        Ok(())
    }
}

fn line(to: &mut fmt::Formatter<'_>, what: &str, per_second: f64, delays: Option<Delays>) -> fmt::Result {
    write!(to, "  {what:<26}{per_second:>8.0} per second")?;
    if let Some(Delays {
        p50_ms,
        p99_ms,
        max_ms,
        ..
    }) = delays
    {
        write!(
            to,
            ", p50 {p50_ms:.1} ms, p99 {p99_ms:.1} ms, longest {max_ms:.1} ms"
        )?;
    }
    writeln!(to)
}
