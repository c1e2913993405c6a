//! Faults on demand: which calls they hit, and what they do to them.

mod known_error;
mod matcher;
mod rule;
mod text;

pub use known_error::{BodyKind, KnownError};
pub(crate) use matcher::CallFacts;
pub use matcher::Matcher;
pub use rule::{Action, CutPoint, Effect, Fault, KeptForm};
pub(crate) use rule::{ActiveFaults, NumberedFault};
