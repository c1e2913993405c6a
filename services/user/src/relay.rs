//! Publishes to NATS what was committed: wake-ups to the stream, and notices that are not stored.

mod accepted_notices;
mod failed_wake_ups;
mod resolved_notices;
pub mod stream;
mod stream_capacity;
mod stream_supervisor;
mod sweeper;
mod wake_up_relay;

pub(crate) use accepted_notices::AcceptedChanges;
pub use accepted_notices::AcceptedNotices;
pub(crate) use failed_wake_ups::wake_failed;
pub(crate) use resolved_notices::publish_resolved;
pub use stream_capacity::StreamCapacity;
pub(crate) use stream_supervisor::{StreamNews, StreamSupervisor};
pub(crate) use sweeper::Sweeper;
pub use sweeper::{NextSweep, next_sweep, sweep_size};
pub(crate) use wake_up_relay::WakeUpRelay;
