//! The command line of `hubspot-sandbox`.

mod arguments;
mod health;
mod run;

pub use arguments::Arguments;
pub use run::run;
