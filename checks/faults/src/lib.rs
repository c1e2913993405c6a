#![doc = include_str!("../README.md")]

pub mod accepted_changes;
pub mod arguments;
pub mod checks;
pub mod clients;
pub mod components;
pub mod database;
pub mod fault;
pub mod hubspot;
pub mod injector;
pub mod measurements;
pub mod options;
pub mod plan;
pub mod report;
pub mod run;
pub mod stack;
pub mod test_users;
