//! `POST /sync/resync`: has everything of users sent once more.
//!
//! The body has to be declared as JSON, which a page of another site cannot make a browser send unasked.

use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::{Extension, Json};
use contracts::{ResyncUsers, UsersResynced};
use tokio::time::Instant;

use super::Gateway;
use crate::problem::ApiError;
use crate::request::{NoQuery, RequestContext, parse_resync, read_body, read_json_form};

/// What is left after so long is left to another request; the answer says where to go on.
const LONGEST: Duration = Duration::from_secs(5);

pub(super) async fn resync_users(
    _: NoQuery,
    State(gateway): State<Gateway>,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<UsersResynced>, ApiError> {
    read_json_form(&headers)?;
    let body = read_body(&headers, body, gateway.read_timeout).await?;
    let mut request = parse_resync(&body)?;
    let until = Instant::now() + LONGEST;
    let mut total = UsersResynced::default();
    loop {
        let done = match gateway.users.change(&request, &context).await {
            Ok(done) => done,
            // Pages before this one are told of. The caller goes on from here, and meets the error if it lasts.
            Err(error) if total.next.is_some() => {
                error.log_broken_off(&context.request_id);
                return Ok(Json(total));
            }
            Err(error) => return Err(error),
        };
        total.resynced += done.resynced;
        total.shared += done.shared;
        total.skipped += done.skipped;
        total.unknown.extend(done.unknown);
        total.next = done.next;
        match &mut request {
            ResyncUsers::All { after } if total.next.is_some() && Instant::now() < until => {
                after.clone_from(&total.next);
            }
            _ => return Ok(Json(total)),
        }
    }
}
