//! The console in a real browser, used as people use it.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

mod away;
mod changes;
mod hidden;
mod hubsync;
mod listening;
mod looks;
mod other_sites;
mod page;
mod pause;
mod problems;
