#![doc = include_str!("../README.md")]

pub mod arguments;
pub mod callers;
pub mod checks;
pub mod injection;
pub mod measurements;
pub mod options;
pub mod report;
pub mod run;
pub mod system;
