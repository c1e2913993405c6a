#![doc = include_str!("../README.md")]

pub mod arguments;
pub mod breaker;
pub mod checks;
pub mod clients;
pub mod database;
pub mod fault;
pub mod hubspot;
pub mod ledger;
pub mod measures;
pub mod options;
pub mod parts;
pub mod people;
pub mod plan;
pub mod report;
pub mod run;
pub mod stack;
