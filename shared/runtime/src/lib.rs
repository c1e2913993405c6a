#![doc = include_str!("../README.md")]

pub mod backoff;
pub mod failure;
mod fields;
pub mod health;
pub mod metrics;
pub mod nats;
mod one_line;
pub mod open_files;
pub mod private_files;
pub mod settings;
pub mod shutdown;
pub mod telemetry;

pub use backoff::Backoff;
pub use fields::CurrentFields;
pub use metrics::Metrics;
pub use one_line::one_line;
pub use shutdown::Shutdown;
