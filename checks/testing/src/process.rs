//! Child processes whose output is kept, and which stop when their parent ends for any reason.

mod child;
mod error;
mod launch;
mod log;

pub use child::Child;
pub use error::ProcessError;
pub use launch::Launch;
pub use rustix::process::Signal;
