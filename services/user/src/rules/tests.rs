//! Each rule as a sentence, and every short sequence of events of a row.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

mod attempt_results;
mod change;
mod claim;
mod creates;
mod equal_values;
mod exhaustive;
mod history;
mod import;
mod late_writes;
mod lease;
mod links;
mod lost_address;
mod operator;
mod problem;
mod receipt;
mod recheck;
mod repair;
mod repeats;
mod report;
mod retry;
mod test_user;
mod version_floor;
mod wake;
mod write_modes;
