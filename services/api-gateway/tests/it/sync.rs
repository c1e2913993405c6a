//! Operations on the delivery of all users.

mod comparisons;
mod operators;
mod overview;
