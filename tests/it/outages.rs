//! Services and NATS that stop, restart, are overloaded or change their settings while users change.

mod cluster;
mod order_of_start;
mod overload;
mod replaced_stream;
mod restarts;
mod stopping;
mod token_rotation;
