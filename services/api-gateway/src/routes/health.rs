//! Health checks.

mod healthz;
mod readyz;

pub(super) use healthz::healthz;
pub(super) use readyz::readyz;
