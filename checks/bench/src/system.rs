//! The system that is measured: every service as a process, and clients for the gateway, the sandbox and NATS.

pub mod database;
pub mod gateway;
pub mod hubspot_sandbox;
pub mod programs;
pub mod resolved_versions;
pub mod stack;
pub mod test_users;
