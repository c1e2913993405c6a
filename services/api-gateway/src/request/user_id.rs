//! Reads the user id from the path.

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::{Operation, ReferenceOr};
use axum::extract::{FromRequestParts, MatchedPath, Path};
use axum::http::request::Parts;
use contracts::{InvalidUserId, UserId};

use super::invalid_parameter;
use crate::response::ApiError;

/// The `{userId}` of the route, percent-decoded and checked. On a route without it, such as `/users/import`, the last segment
/// of the route itself is the id.
#[derive(Debug)]
pub(crate) struct UserIdPath(pub(crate) UserId);

impl OperationInput for UserIdPath {
    fn operation_input(context: &mut GenContext, operation: &mut Operation) {
        // The parameter refers to the schema, which the generator has to know.
        context.schema.subschema_for::<UserId>();
        operation.parameters.push(ReferenceOr::Reference {
            reference: "#/components/parameters/userId".to_owned(),
            summary: None,
            description: None,
        });
    }
}

impl<S: Send + Sync> FromRequestParts<S> for UserIdPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let given = Path::<String>::from_request_parts(parts, state).await;
        let route = parts
            .extensions
            .get::<MatchedPath>()
            .map_or("", MatchedPath::as_str);
        let text = match &given {
            Ok(Path(text)) => text,
            // The segment is not UTF-8 after decoding; the empty text fails the check below with the right message.
            Err(_) if route.contains('{') => "",
            Err(_) => route.rsplit('/').next().unwrap_or_default(),
        };
        text.parse()
            .map(Self)
            .map_err(|rule: InvalidUserId| invalid_parameter("userId", &rule.to_string()))
    }
}
