//! Operations on the delivery of all users.

mod comparisons;
mod lists_and_retries;
mod operators;
