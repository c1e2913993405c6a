//! Each rule as a sentence, and every short sequence of what may happen to a row.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

mod change;
mod claim;
mod creates;
mod desk;
mod doubt;
mod exhaustive;
mod history;
mod hubspot;
mod import;
mod lease;
mod links;
mod operator;
mod problem;
mod receipt;
mod recheck;
mod record;
mod repair;
mod retry;
mod truth;
mod verdicts;
mod wake;
