#![doc = include_str!("../README.md")]

mod agenda;
mod broker;
mod callers;
mod event;
pub mod fault;
mod hubspot_model;
mod names;
pub mod outage_day;
mod plan;
mod random;
pub mod run;
pub mod scenario;
pub mod seen;
pub mod tally;
pub mod transition;
mod user_service;
mod world;
