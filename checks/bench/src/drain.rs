//! Measures how fast a backlog is delivered to HubSpot, and how soon a single change arrives.

mod arguments;
mod report;
mod run;
mod single_changes;
mod throughput;

pub use arguments::Arguments;
pub use report::{Drain, Report};
pub use run::run;
pub use single_changes::Idle;
pub use throughput::{Steady, Throughput};
