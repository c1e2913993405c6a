//! Every path of the gateway in one place.

mod get_receipt;
mod get_user;
mod healthz;
mod patch_user;
mod readyz;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;

use crate::finish::{FailureLog, finish};
use crate::problem::ApiError;
use crate::readiness::Readiness;
use crate::user_service::UserService;

/// What the handlers share.
#[derive(Debug, Clone)]
pub(crate) struct Gateway {
    /// The user service.
    pub(crate) users: UserService,
    /// What `/readyz` says.
    pub(crate) readiness: Arc<Readiness>,
    /// How long a body may take.
    pub(crate) read_timeout: Duration,
}

/// The routes, inside the layers that make every answer whole.
pub(crate) fn router(gateway: Gateway) -> Router {
    Router::new()
        .route(
            "/users/{userId}",
            get(get_user::get_user).patch(patch_user::patch_user),
        )
        .route("/users/{userId}/sync", get(get_receipt::get_receipt))
        .route("/healthz", get(healthz::healthz))
        .route("/readyz", get(readyz::readyz))
        .fallback(async || ApiError::NoSuchPath)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(Arc::<FailureLog>::default(), finish))
        .with_state(gateway)
}

/// The panic itself is on stderr already, by its hook.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    ApiError::Internal {
        cause: "a handler panicked".to_owned(),
    }
    .into_response()
}
