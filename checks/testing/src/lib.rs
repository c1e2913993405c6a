#![doc = include_str!("../README.md")]

pub mod database;
pub mod http;
pub mod nats;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod wait;
