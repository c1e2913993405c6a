//! The connection to NATS, one per service. It reconnects for ever, logs its events, and its requests fail fast.
//!
//! The client library queues commands while it is disconnected and sends them later, although their callers got an error. A
//! caller that waits for space in that queue waits without a limit. So here requests fail at once while disconnected, the
//! queue is small, and the time limit includes the wait for space.

mod address;
mod authenticate;
mod call;
mod clocks;
mod connect;
mod connection;
mod object;
mod observer;
mod replies;
mod request;
mod serve;
mod settings;
mod state;
mod transit;
mod version;

pub use address::AddressError;
pub use call::CallError;
pub use clocks::Clocks;
pub use connect::{ConnectError, connect};
pub use connection::Nats;
pub use object::from_object;
pub use request::RequestError;
pub use serve::{Caller, Deadline, Endpoints, Server};
pub use settings::{Credentials, NatsSettings};
pub use state::{NatsState, Violation, ViolationKind};
pub use version::OLDEST_SERVER;
