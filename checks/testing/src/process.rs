//! Programs that end with their parent, however that ends, and whose output is kept.

mod child;
mod error;
mod launch;
mod log;

pub use child::Child;
pub use error::ProcessError;
pub use launch::Launch;
pub use rustix::process::Signal;
