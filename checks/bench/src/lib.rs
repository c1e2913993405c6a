#![doc = include_str!("../README.md")]

pub mod commits;
pub mod drain;
pub mod figures;
pub mod import;
pub mod overload;
pub mod program;
pub mod scale;
pub mod system;
pub mod watch;
