//! The user service on a real PostgreSQL server.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

mod clocks;
mod links;
mod lost_commits;
mod outages;
mod poolers;
mod query_plans;
mod settings;
mod several_services;
mod standby;
mod support;
mod tls;
