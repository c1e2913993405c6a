//! The figures of a flood, as JSON or for people.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

use crate::{
    delays::Delays,
    usage::{Usage, write_usage},
};

/// Everything that was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The connections of the load that is sustained.
    pub sustained_connections: usize,
    /// That load.
    pub sustained: Load,
    /// The connections of the flood.
    pub connections: usize,
    /// The flood.
    pub flood: Load,
    /// The calm after it.
    pub recovery: Recovery,
    /// Memory and processor time of each process, during the flood and the calm.
    pub usage: Vec<Usage>,
}

/// What callers were answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Load {
    /// 200s in a second.
    pub accepted_per_second: f64,
    /// How long they took.
    pub accepted: Option<Delays>,
    /// 503s with `Retry-After` in a second.
    pub refused_per_second: f64,
    /// How long they took.
    pub refused: Option<Delays>,
    /// Everything else, which should be nothing.
    pub other: BTreeMap<String, u64>,
}

/// Changes one after another once the flood is over.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Recovery {
    /// The first took so long, in milliseconds.
    pub first_ms: f64,
    /// All of them.
    pub calm: Delays,
}

impl fmt::Display for Report {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(to, "{} connections", self.sustained_connections)?;
        write!(to, "{}", self.sustained)?;
        let (flood, sustained) = (&self.flood, self.sustained.accepted_per_second);
        let times = (flood.accepted_per_second + flood.refused_per_second) / sustained;
        writeln!(
            to,
            "\n{} connections, {times:.1} times the requests",
            self.connections
        )?;
        write!(to, "{flood}")?;
        let Recovery { first_ms, calm } = self.recovery;
        writeln!(
            to,
            "\nafter it, one at a time: the first in {first_ms:.1} ms, p50 {:.1} ms, p99 {:.1} ms",
            calm.p50_ms, calm.p99_ms
        )?;
        write_usage(to, &self.usage)
    }
}

impl fmt::Display for Load {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(to, "accepted", self.accepted_per_second, self.accepted)?;
        line(
            to,
            "refused with Retry-After",
            self.refused_per_second,
            self.refused,
        )?;
        for (what, count) in &self.other {
            writeln!(to, "  {what:<26}{count:>8}")?;
        }
        Ok(())
    }
}

fn line(to: &mut fmt::Formatter<'_>, what: &str, per_second: f64, delays: Option<Delays>) -> fmt::Result {
    write!(to, "  {what:<26}{per_second:>8.0} a second")?;
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
