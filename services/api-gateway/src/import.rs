//! Imports: a stream of lines goes in, a stream of reports comes out, and neither is ever whole in memory.

mod cells;
mod imports;
mod lines;
mod parse;
mod report;
mod run;

pub(crate) use imports::Imports;
pub(crate) use parse::Form;
pub(crate) use run::Import;
