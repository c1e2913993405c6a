//! The checks of this worker for `/readyz`, and a log line when its status changes.

use contracts::FieldDefinitions;
use runtime::{health::Registry, nats::Nats};

use crate::engine::WorkerStatus;

const NATS: &str = "nats";
const USER_SERVICE: &str = "user-service";
const DELIVERY: &str = "delivery";
const WAKE_UPS: &str = "wake-ups";
const ACCOUNT: &str = "account";
/// The message while the account's id comes from another response than the account's details.
pub(super) const DETAILS_REFUSED: &str = "HubSpot refuses the account's details, which need the scope oauth; give the \
                                          token that scope where HubSpot offers it, and restart the hubspot service";

/// The checks that a hubspot service has.
pub const CHECKS: [&str; 3] = [NATS, USER_SERVICE, DELIVERY];

/// The checks of one worker. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Health {
    registry: Registry,
}

impl Health {
    pub(crate) fn new(registry: Registry) -> Self {
        Self { registry }
    }

    /// Shows whether NATS is connected, for as long as it runs.
    pub(super) async fn watch_nats(self, nats: Nats) {
        loop {
            nats.wait_until_connected().await;
            self.registry.set(NATS, true, "connected");
            nats.wait_until_disconnected().await;
            self.registry
                .set(NATS, false, "disconnected; trying to reconnect");
        }
    }

    pub(super) fn user_service_answers(&self) {
        self.registry.set(USER_SERVICE, true, "answers");
    }

    pub(super) fn user_service_fails(&self, why: String) {
        self.registry.set(USER_SERVICE, false, why);
    }

    /// Shows whether the consumer exists, and if not, why. A worker without the lease has no such check.
    pub(super) fn wake_ups(&self, state: Option<Result<(), String>>) {
        match state {
            None => self.registry.remove(WAKE_UPS),
            Some(Ok(())) => self.registry.set(WAKE_UPS, true, "the consumer exists"),
            Some(Err(why)) => self.registry.set(WAKE_UPS, false, why),
        }
    }

    /// Shows whether HubSpot refuses the account's details. Delivery goes on without them.
    pub(super) fn set_account(&self, details_refused: bool) {
        if details_refused {
            self.registry.set(ACCOUNT, true, DETAILS_REFUSED);
        } else {
            self.registry.remove(ACCOUNT);
        }
    }

    /// Shows the worker's new status. A worker on standby is as ready as it can be.
    pub(super) fn set_status(&self, status: &WorkerStatus, fields: &FieldDefinitions) {
        let message = status.message(fields);
        match status {
            WorkerStatus::Starting => self.registry.set(DELIVERY, false, message),
            WorkerStatus::Standby | WorkerStatus::Running => self.registry.set(DELIVERY, true, message),
            WorkerStatus::Paused => {
                tracing::warn!("nothing is delivered: {message}");
                self.registry.set(DELIVERY, true, message);
            }
            WorkerStatus::OtherAccount { remembered } => {
                tracing::error!(account.remembered = remembered.as_str(), "{message}");
                self.registry.set(DELIVERY, false, message);
            }
            WorkerStatus::Halted { cause, reason } => {
                // HubSpot's own message stays out of the log, for it may quote values.
                let (code, http_status) = (reason.code.as_str(), reason.status);
                let correlation = reason.correlation_id.as_deref();
                tracing::error!(
                    ?cause,
                    code,
                    http_status,
                    correlation,
                    "nothing is delivered: {message}"
                );
                self.registry.set(DELIVERY, false, format!("{message} ({code})"));
            }
        }
    }
}
