//! `DELETE /users/{userId}/contact`: an operator removes the link of a user, so that its contact is looked up by its address.

use super::get_receipt::link_example;
use crate::openapi::{Describe, Media, Problems};
use aide::transform::TransformOperation;
use axum::extract::State;
use axum::{Extension, Json};
use contracts::{Receipt, UnlinkUser};

use crate::request::{NoQuery, RequestContext, UserIdPath};
use crate::response::ApiError;
use crate::routes::Gateway;

pub(in crate::routes) async fn unlink_user(
    _: NoQuery,
    State(gateway): State<Gateway>,
    UserIdPath(user_id): UserIdPath,
    Extension(context): Extension<RequestContext>,
) -> Result<Json<Receipt>, ApiError> {
    let unlink = UnlinkUser { user_id };
    Ok(Json(gateway.services.change(&unlink, &context).await?))
}

/// Describes the operation for the API document.
pub(in crate::routes) fn describe_unlink_user(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .describe("unlinkUser", "Operation", "Remove the link of a user",
            "The contact is looked up again by the user's address. No contact is created. For a user without a contact nothing changes.")
        .headers(&["requestId", "traceparent"])
        .responds(200, "The link is removed. This is the receipt of the current version.", &[], "application/json",
            Media::of::<Receipt>().example(link_example()))
        .problems(&[Problems::INVALID_PARAMETER, Problems::NOT_FOUND, Problems::INTERNAL, Problems::BAD_ANSWER, Problems::UNAVAILABLE, Problems::OUTCOME_UNKNOWN,])
}
