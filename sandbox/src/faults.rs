//! Faults on demand: which calls they hit, and what happens to those calls.

mod catalogue;
mod matcher;
mod rule;
mod text;

pub use catalogue::{BodyKind, KnownError};
pub(crate) use matcher::CallFacts;
pub use matcher::Matcher;
pub use rule::{Action, CutPoint, Effect, Fault};
pub(crate) use rule::{FaultRules, NumberedFault};
