//! Imports: a stream of lines goes in, a stream of reports comes out, and neither is ever whole in memory.

mod cells;
mod columns;
mod decide;
mod encoding;
mod imports;
mod outbox;
mod parse;
mod report;
mod rows;
mod run;

pub(crate) use imports::Imports;
pub(crate) use outbox::outbox;
pub(crate) use parse::Form;
pub(crate) use run::Import;
