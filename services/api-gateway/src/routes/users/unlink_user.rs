//! `DELETE /users/{userId}/contact`: an operator removes the link of a user, so that its contact is looked up by its address.

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
    Ok(Json(gateway.users.unlink(&unlink, &context).await?))
}
