//! The `last` query parameter of the stream of events.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::query::Parameters;
use crate::problem::ApiError;

/// The last event that the caller saw, as it gives it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LastQuery(pub(crate) Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for LastQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let parameters = Parameters::read(&parts.uri, &["last"])?;
        Ok(Self(parameters.get("last").map(str::to_owned)))
    }
}
