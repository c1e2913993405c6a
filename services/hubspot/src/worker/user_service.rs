//! Calls to the user service.

use std::time::Duration;

use contracts::Request;
use runtime::nats::{CallError, Nats};

use super::health::Health;
use crate::engine::UserServiceError;

/// The timeout of requests for the lease: shorter than the lease itself, so that a lost answer leaves time to ask again.
pub(super) const LEASE_TIMEOUT: Duration = Duration::from_millis(900);
/// The timeout of other requests.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);

/// The user service, as this worker reaches it. Clones share the connection.
#[derive(Debug, Clone)]
pub(super) struct UserService {
    nats: Nats,
    health: Health,
}

impl UserService {
    pub(super) fn new(nats: Nats, health: Health) -> Self {
        Self { nats, health }
    }

    /// Sends a request that deliveries depend on. Whether it is answered shows on `/readyz`.
    pub(super) async fn call_for_delivery<R: Request>(
        &self,
        request: &R,
        timeout: Duration,
    ) -> Result<R::Answer, UserServiceError> {
        let answer = self.nats.call(request, timeout, None).await;
        match &answer {
            Ok(_) => self.health.user_service_answers(),
            // A rejection is an answer, so it is no failure of the user service. The caller handles it.
            Err(CallError::Rejected { .. }) => {}
            Err(error) => self.health.user_service_fails(error.to_string()),
        }
        answer.map_err(|error| error_of(R::SUBJECT, &error))
    }

    /// Sends a request of a comparison. Its result says nothing about deliveries.
    pub(super) async fn call<R: Request>(
        &self,
        request: &R,
        timeout: Duration,
    ) -> Result<R::Answer, UserServiceError> {
        let answer = self.nats.call(request, timeout, None).await;
        answer.map_err(|error| {
            if !matches!(error, CallError::Rejected { .. }) {
                tracing::debug!(%error, "a comparison cannot reach the user service");
            }
            error_of(R::SUBJECT, &error)
        })
    }
}

fn error_of(subject: &'static str, error: &CallError) -> UserServiceError {
    match error {
        CallError::Rejected { error, .. } => {
            tracing::debug!(subject, code = ?error.code, "the user service rejected a request");
            UserServiceError::Rejected(error.code)
        }
        CallError::NotReceived(_) | CallError::NoAnswer(_) | CallError::Unreadable(_) => {
            UserServiceError::NoResponse
        }
    }
}
