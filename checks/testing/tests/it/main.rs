//! What the fixtures promise, tried on real programs.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

mod finding;
mod orphans;
mod processes;
mod servers;
mod support;
