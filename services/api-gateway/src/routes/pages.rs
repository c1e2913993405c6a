//! Pages for people: the console and the API document.

mod console;
mod docs;

pub(super) use console::{console_file, console_page, describe_console_page};
pub(super) use docs::{
    describe_docs_page, describe_openapi_document, docs_page, docs_style, openapi_document,
};
