//! The user id out of the path.

use axum::extract::{FromRequestParts, MatchedPath, Path};
use axum::http::request::Parts;
use contracts::UserId;

use crate::problem::ApiError;

/// The `{userId}` of the route, percent-decoded and checked; where the route names a user itself, that one.
#[derive(Debug)]
pub(crate) struct UserIdPath(pub(crate) UserId);

impl<S: Send + Sync> FromRequestParts<S> for UserIdPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let given = Path::<String>::from_request_parts(parts, state).await;
        let matched = parts
            .extensions
            .get::<MatchedPath>()
            .map_or("", MatchedPath::as_str);
        let text = match &given {
            Ok(Path(text)) => text,
            // What does not decode to UTF-8 is no user id.
            Err(_) if matched.contains('{') => "",
            Err(_) => matched.rsplit('/').next().unwrap_or_default(),
        };
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
