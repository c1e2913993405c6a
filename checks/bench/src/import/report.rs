//! The figures, as JSON or for people.

use std::fmt;

use serde::Serialize;

use crate::delays::Delays;

/// Everything that was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// How many users were imported.
    pub users: usize,
    /// How long that took, live changes beside it included.
    pub seconds: f64,
    /// What a line cost the gateway, in microseconds of processor time.
    pub line_us: f64,
    /// Live changes on an idle line.
    pub idle: Live,
    /// The same during the import.
    pub meanwhile: Live,
    /// What changes cost the gateway without an import.
    pub alone: Cost,
    /// The same beside it, less what its lines cost.
    pub beside: Cost,
}

/// Changes by one caller.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Live {
    /// From sending a change to the gateway's 200.
    pub accepted: Delays,
    /// From there until it was confirmed.
    pub confirmed: Delays,
}

/// Many changes at once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cost {
    /// How many.
    pub changes: usize,
    /// How long they took.
    pub seconds: f64,
    /// The gateway's processor time.
    pub gateway_seconds: f64,
}

impl Cost {
    /// Without so many seconds of processor time that went elsewhere.
    pub(super) fn less(self, seconds: f64) -> Self {
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
            "{users} users imported in {seconds:.1} s, {line_us:.1} µs of the gateway a line\n"
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
        let (alone, beside) = (self.alone, self.beside);
        let speed = |cost: Cost| cost.changes() / cost.seconds;
        let each = |cost: Cost| cost.gateway_seconds / cost.changes() * 1e6;
        writeln!(
            to,
            "{:<40}{:>16.0}{:>16.0}",
            "64 callers, changes a second",
            speed(alone),
            speed(beside)
        )?;
        writeln!(
            to,
            "{:<40}{:>16.1}{:>16.1}",
            "µs of the gateway a change",
            each(alone),
            each(beside)
        )
    }
}

fn delays(to: &mut fmt::Formatter<'_>, what: &str, idle: Delays, meanwhile: Delays) -> fmt::Result {
    let pair = |delays: Delays| format!("{:.1}, {:.1}", delays.p50_ms, delays.p99_ms);
    writeln!(to, "{what:<40}{:>16}{:>16}", pair(idle), pair(meanwhile))
}
