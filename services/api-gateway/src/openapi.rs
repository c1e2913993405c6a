//! The `OpenAPI` document of the gateway, and the page that shows it to people.
//!
//! The document is generated at start: paths and methods come from the router, schemas from the types, parameters from the
//! extractors and problems from the errors. Each route describes itself in the file of its operation. See
//! `docs/decisions/17-openapi.md`.

mod components;
mod describe;
mod document;
mod page;
mod problems;
mod refine;
mod user_schemas;

pub(crate) use components::add_query_parameters;
pub(crate) use describe::{Describe, Media, schema_value};
pub(crate) use document::{ApiDocument, ApiDocumentBuilder};
pub(crate) use problems::Problems;
pub(crate) use user_schemas::{health_report_schema, user_schema};

/// The style of the page.
pub(crate) const STYLE: &str = include_str!("../docs/docs.css");
