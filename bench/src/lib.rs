#![doc = include_str!("../README.md")]

pub mod arguments;
pub mod binaries;
pub mod commits;
pub mod delays;
pub mod gateway;
pub mod hubspot_sandbox;
pub mod lone;
pub mod overload;
pub mod people;
pub mod program;
pub mod report;
pub mod run;
pub mod settlements;
pub mod stack;
pub mod throughput;
pub mod usage;
