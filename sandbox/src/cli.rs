//! The command line of `hubspot-sandbox`.

mod arguments;
mod health;
mod run;
mod switch_help;

pub use arguments::Arguments;
pub use run::run;
