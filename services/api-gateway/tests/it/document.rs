//! The `OpenAPI` document is complete and agrees with the gateway.

mod agreement;
mod bodies;
mod complete_responses;
mod event_stream;
mod examples;
mod responses;
mod spec;
