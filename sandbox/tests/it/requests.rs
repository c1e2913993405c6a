//! The form of requests and responses, member by member.

mod extreme_values;
pub(crate) mod malformed_bodies;
pub(crate) mod members;
mod messages;
