//! Reads requests: JSON bodies, and parameters of the path and the query.

pub(crate) mod json_body;
pub(crate) mod parameters;
