//! The gateway from outside: real HTTP, a real nats-server, and a user service that follows a script.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

mod binary;
mod change_user;
mod comparisons;
mod console;
mod deadlines;
mod docs;
mod document;
mod events;
mod harness;
mod import_callers;
mod import_rows;
mod import_streams;
mod imports;
mod limits;
mod metrics;
mod operators;
mod outages;
mod overview;
mod own_site;
mod problems;
mod read_user;
mod readiness;
mod responder;
mod shutdown;
mod waiting;
