//! The `OpenAPI` document of the gateway, and the page that shows it to people: rendered once, without a script.
//!
//! The document is written by hand, in `docs/openapi.json`: it says more than types can. That it says neither less nor
//! something else than the gateway does is what the tests are for.

mod curl;
mod operation;
mod page;
mod schema;
mod spec;
mod text;

use std::sync::LazyLock;

/// The document.
pub(crate) const DOCUMENT: &str = include_str!("../docs/openapi.json");

/// How the page looks.
pub(crate) const STYLE: &str = include_str!("../docs/docs.css");

/// The page, without the address that its command lines name.
static PAGE: LazyLock<String> = LazyLock::new(|| page::render(&spec::Spec::read(DOCUMENT)));

/// The page for a reader who reached the gateway at this address, such as `http://127.0.0.1:3030`.
pub(crate) fn page_for(address: &str) -> String {
    PAGE.replace(curl::ADDRESS, address)
}
