//! Whether a process is alive and ready. Parts of a service set named checks, `/healthz` and `/readyz` show them, and a probe
//! requests them.

mod probe;
mod registry;
mod serve;

pub use probe::{ProbeError, probe};
pub use registry::{Check, HealthReport, Registry};
pub use serve::{router, serve};
