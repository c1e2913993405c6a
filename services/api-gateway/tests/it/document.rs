//! The `OpenAPI` document is complete and agrees with the gateway.

mod answers;
mod bodies;
mod examples;
mod good_answers;
mod lists;
mod spec;
mod watching;
