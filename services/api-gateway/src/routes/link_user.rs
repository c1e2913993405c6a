//! `/users/{userId}/contact`: an operator names the user's contact with PUT and has it forgotten with DELETE.
//!
//! Neither is a method that a page of another site can make a browser send unasked, as it could a plain POST.

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::{Extension, Json};
use contracts::{LinkUser, Receipt, UnlinkUser};

use super::Gateway;
use crate::problem::ApiError;
use crate::request::{NoQuery, RequestContext, UserIdPath, parse_contact, read_body, read_json_form};

pub(super) async fn link_user(
    _: NoQuery,
    State(gateway): State<Gateway>,
    UserIdPath(user_id): UserIdPath,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Receipt>, ApiError> {
    read_json_form(&headers)?;
    let body = read_body(&headers, body, gateway.read_timeout).await?;
    let contact_id = parse_contact(&body)?;
    let link = LinkUser { user_id, contact_id };
    Ok(Json(gateway.users.change(&link, &context).await?))
}

pub(super) async fn unlink_user(
    _: NoQuery,
    State(gateway): State<Gateway>,
    UserIdPath(user_id): UserIdPath,
    Extension(context): Extension<RequestContext>,
) -> Result<Json<Receipt>, ApiError> {
    let unlink = UnlinkUser { user_id };
    Ok(Json(gateway.users.change(&unlink, &context).await?))
}
