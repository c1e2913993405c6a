//! Pages for people: the console and the API document.

mod console;
mod docs;

pub(super) use console::{console_file, console_page};
pub(super) use docs::{docs_page, docs_style, openapi_document};
