//! Imports of many users. Rows stream in, reports stream out, and neither is ever whole in memory.
//!
//! `rows` cuts the body into rows and parses them, `run` sends them to the user service batch by batch, and `reports` carries
//! the results to the caller.

mod reports;
mod rows;
mod run;
mod send_batch;
mod slots;

pub(crate) use reports::{report_line_schema, report_queue};
pub(crate) use rows::ImportFormat;
pub(crate) use run::ImportRun;
pub(crate) use slots::ImportSlots;
