//! The `after` query parameter of an import.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;

use crate::problem::ApiError;

/// So many lines are passed over, since they are done with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct AfterQuery(pub(crate) u64);

impl<S: Send + Sync> FromRequestParts<S> for AfterQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map_err(|_| invalid())?;
        let mut given = pairs.0.iter().filter(|(name, _)| name == "after");
        match (given.next(), given.next()) {
            (None, _) => Ok(Self(0)),
            (Some((_, text)), None) => text.parse().map(Self).map_err(|_| invalid()),
            _ => Err(invalid()),
        }
    }
}

fn invalid() -> ApiError {
    ApiError::InvalidParameter {
        part: "after",
        rule: "it takes one whole number, such as ?after=12000".to_owned(),
    }
}
