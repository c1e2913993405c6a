//! The part of a path that names a contact.

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};

use crate::model::Refusal;

/// An id or an address, decoded.
#[derive(Debug)]
pub(crate) struct RecordId(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for RecordId {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let Path(id) = Path::from_request_parts(parts, state)
            .await
            .map_err(|_| Refusal::InvalidParameter("the id in the path is not UTF-8".to_owned()))?;
        Ok(Self(id))
    }
}
