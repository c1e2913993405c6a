//! Failures, limits and the shutdown.

mod deadlines;
mod limits;
mod outages;
mod shutdown;
