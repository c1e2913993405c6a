//! The faults, the plan of faults, and their injection.

pub mod database;
pub mod fault;
pub mod injector;
pub mod plan;
