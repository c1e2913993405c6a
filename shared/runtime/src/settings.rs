//! Settings come from the process environment over `.env` files; every mistake is reported, together, by name.

mod env;
mod error;
mod reader;
mod secret;

pub use env::Env;
pub use error::{Fault, SettingsError};
pub use reader::Reader;
pub use secret::{Secret, SecretSource};

#[cfg(test)]
mod tests;
