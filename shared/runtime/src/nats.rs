//! One connection to NATS per service: it never gives up, says what it sees, and its requests fail fast.
//!
//! The client library queues commands while disconnected and carries them out later, although their callers were
//! told an error, and a caller waiting for room in that queue waits without limit. So requests are refused at once
//! while disconnected, the queue is small, and the time limit covers everything.

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
