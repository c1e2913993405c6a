//! Requests to the gateway: validation, imports, lists and retries.

mod csv;
mod imports;
mod lists_and_retries;
mod validation;
