//! The `version` query parameter of a receipt.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::query::Parameters;
use crate::problem::ApiError;

/// The version asked for; `None` means the latest.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct VersionQuery(pub(crate) Option<u64>);

impl<S: Send + Sync> FromRequestParts<S> for VersionQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        Parameters::read(&parts.uri, &["version"])?
            .number("version")
            .map(Self)
    }
}
