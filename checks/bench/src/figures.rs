//! The figures that several measurements have in common.

pub mod delays;
pub mod process_usage;
pub mod table;
