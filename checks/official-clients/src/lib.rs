#![doc = include_str!("../README.md")]

mod install;
mod script;

pub use install::{Client, InstallError};
pub use script::run_script;
