//! The `OpenAPI` document says what the gateway does, and all of it.

mod answers;
mod bodies;
mod examples;
mod good_answers;
mod lists;
mod spec;
mod watching;
