//! The report of `import`, as JSON or as text.

use std::fmt;

use serde::Serialize;

use crate::figures::delays::Delays;

/// Everything that was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The number of imported users.
    pub users: usize,
    /// The time of the import, in seconds, including the live changes during it.
    pub seconds: f64,
    /// The gateway's CPU time for a line, in microseconds.
    pub line_us: f64,
    /// Live changes without an import.
    pub idle: Live,
    /// Live changes during the import.
    pub meanwhile: Live,
    /// The cost of changes for the gateway, without an import.
    pub without_import: Cost,
    /// The cost of changes during the import, without the cost of its lines.
    pub during_import: Cost,
}

/// Changes by one caller.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Live {
    /// From sending a change to the gateway's 200.
    pub accepted: Delays,
    /// From the gateway's 200 until it was confirmed.
    pub confirmed: Delays,
}

/// The cost of concurrent changes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cost {
    /// The number of changes.
    pub changes: usize,
    /// The time that they took, in seconds.
    pub seconds: f64,
    /// The gateway's CPU time, in seconds.
    pub gateway_seconds: f64,
}

impl Cost {
    /// The same cost with fewer seconds of CPU time.
    pub(super) fn without(self, seconds: f64) -> Self {
        Self {
            gateway_seconds: self.gateway_seconds - seconds,
            ..self
        }
    }

    fn changes(self) -> f64 {
        u32::try_from(self.changes).map_or(f64::INFINITY, f64::from)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            users,
            seconds,
            line_us,
            ..
        } = self;
        writeln!(
            to,
            "{users} users imported in {seconds:.1} s, {line_us:.1} µs of the gateway's CPU per line\n"
        )?;
        writeln!(to, "{:<40}{:>16}{:>16}", "", "idle", "meanwhile")?;
        let (idle, meanwhile) = (&self.idle, &self.meanwhile);
        delays(to, "accepted, p50 and p99 ms", idle.accepted, meanwhile.accepted)?;
        delays(
            to,
            "confirmed, p50 and p99 ms",
            idle.confirmed,
            meanwhile.confirmed,
        )?;
        let (without_import, during_import) = (self.without_import, self.during_import);
        let speed = |cost: Cost| cost.changes() / cost.seconds;
        let each = |cost: Cost| cost.gateway_seconds / cost.changes() * 1e6;
        writeln!(
            to,
            "{:<40}{:>16.0}{:>16.0}",
            "64 callers, changes per second",
            speed(without_import),
            speed(during_import)
        )?;
        writeln!(
            to,
            "{:<40}{:>16.1}{:>16.1}",
            "µs of the gateway's CPU per change",
            each(without_import),
            each(during_import)
        )
    }
}

fn delays(to: &mut fmt::Formatter<'_>, what: &str, idle: Delays, meanwhile: Delays) -> fmt::Result {
    let pair = |delays: Delays| format!("{:.1}, {:.1}", delays.p50_ms, delays.p99_ms);
    writeln!(to, "{what:<40}{:>16}{:>16}", pair(idle), pair(meanwhile))
}
