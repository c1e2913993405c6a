#![doc = include_str!("../README.md")]

pub mod http;
pub mod nats;
pub mod ports;
pub mod process;
pub mod wait;
