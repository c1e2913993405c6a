//! Whether a process lives and is ready: parts set named checks, a listener answers, a probe asks.

mod probe;
mod registry;
mod serve;

pub use probe::{ProbeError, probe};
pub use registry::{Check, HealthReport, Registry};
pub use serve::{router, serve};
