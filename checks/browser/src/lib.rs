#![doc = include_str!("../README.md")]

mod chromium;

pub use chromium::{Chromium, MissingProgram};
