//! The `OpenAPI` document of the gateway, and the page that shows it to people. The page is rendered once and has no script.
//!
//! The document is written by hand, in `docs/openapi.json`. Tests compare it with the routes, the contracts and real
//! responses.

mod page;

use std::sync::LazyLock;

/// The document.
pub(crate) const DOCUMENT: &str = include_str!("../docs/openapi.json");

/// The style of the page.
pub(crate) const STYLE: &str = include_str!("../docs/docs.css");

/// The page with a placeholder for the address in its command lines.
static PAGE: LazyLock<String> = LazyLock::new(|| page::render(DOCUMENT));

/// The page for a reader who reached the gateway under this address, such as `http://127.0.0.1:3030`.
pub(crate) fn page_for(address: &str) -> String {
    PAGE.replace(page::ADDRESS, address)
}
