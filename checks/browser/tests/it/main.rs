//! The console in a real browser, used as people use it.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

mod appearance;
mod changes;
mod event_stream;
mod gateway_restart;
mod hidden_page;
mod hubsync;
mod other_sites;
mod page;
mod pause;
mod problems;
