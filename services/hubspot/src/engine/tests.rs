//! Tests of the whole engine: each test gives it inputs and compares its outputs.

#![expect(
    clippy::panic,
    reason = "a test ends when the engine does something else than it expects"
)]

mod attempts;
mod batch_creates;
mod batches;
mod checks;
mod confirmations;
mod counted_failures;
mod creates;
mod daily_limit;
mod edge_cases;
mod flow;
mod halts;
mod harness;
mod identity;
mod inspections;
mod leases;
mod lost_contacts;
mod missing_tokens;
mod recovery_checks;
mod rejections;
mod rejections_by_account;
mod retractions;
mod samples;
mod shared_batches;
mod shutdowns;
mod unclear_responses;
mod waits;
mod without_traces;
mod write_modes;
