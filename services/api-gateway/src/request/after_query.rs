//! The `after` query parameter of an import.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::query::Parameters;
use crate::problem::ApiError;

/// The last line of the last row that is done with; rows up to it are passed over.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct AfterQuery(pub(crate) u64);

impl<S: Send + Sync> FromRequestParts<S> for AfterQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let after = Parameters::read(&parts.uri, &["after"])?.number("after")?;
        Ok(Self(after.unwrap_or(0)))
    }
}
