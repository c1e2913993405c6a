//! The user id out of the path.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use contracts::UserId;

use crate::problem::ApiError;

/// The `{userId}` of the route, percent-decoded and checked.
#[derive(Debug)]
pub(crate) struct UserIdPath(pub(crate) UserId);

impl<S: Send + Sync> FromRequestParts<S> for UserIdPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        // What does not decode to UTF-8 is no user id either.
        let text = Path::<String>::from_request_parts(parts, state).await;
        let text = text.map(|Path(text)| text).unwrap_or_default();
        text.parse()
            .map(Self)
            .map_err(|rule: contracts::InvalidUserId| invalid(&rule))
    }
}

fn invalid(rule: &impl ToString) -> ApiError {
    ApiError::InvalidParameter {
        part: "userId",
        rule: rule.to_string(),
    }
}
