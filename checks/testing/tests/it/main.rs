//! Tests of the fixtures with real programs.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

mod finding;
mod orphans;
mod processes;
mod servers;
mod support;
