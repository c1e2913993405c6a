//! The runtime against a real nats-server, real sockets and real signals.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

mod calls;
mod connecting;
mod health;
mod permissions;
mod reconnecting;
mod requests;
mod rotation;
mod signals;
mod support;
