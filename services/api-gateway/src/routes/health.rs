//! Health checks.

mod healthz;
mod readyz;

pub(super) use healthz::{describe_healthz, healthz};
pub(super) use readyz::{describe_readyz, readyz};
