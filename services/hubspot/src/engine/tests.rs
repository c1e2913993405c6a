//! The engine driven by scripts: what happened goes in, what comes out is compared.

#![expect(
    clippy::panic,
    reason = "a script that meets something else than it expects ends"
)]

mod accounts;
mod attempts;
mod batch_creates;
mod batches;
mod bench;
mod charges;
mod company;
mod creates;
mod days;
mod everyone;
mod flow;
mod identity;
mod inspections;
mod leases;
mod leaving;
mod lost_contacts;
mod nonsense;
mod probes;
mod refusals;
mod samples;
mod surprises;
mod tokens;
mod waits;
mod withdrawals;
mod without_traces;
