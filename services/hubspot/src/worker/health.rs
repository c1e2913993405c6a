//! What this worker says about itself: checks for `/readyz`, and a log line where the line changes.

use runtime::{health::Registry, nats::Nats};

use crate::engine::WorkerStatus;

const NATS: &str = "nats";
const USER_SERVICE: &str = "user-service";
const LINE: &str = "line";
const WAKE_UPS: &str = "wake-ups";
const ACCOUNT: &str = "account";
/// What people are told while the account's id is read from elsewhere.
pub(super) const DETAILS_REFUSED: &str = "HubSpot refuses the account's details, which need the scope oauth; give the \
                                          token that scope where HubSpot offers it, and restart the hubspot service";

/// The checks that a hubspot service has.
pub const CHECKS: [&str; 3] = [NATS, USER_SERVICE, LINE];

/// The checks of one worker. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Health {
    registry: Registry,
}

impl Health {
    pub(crate) fn new(registry: Registry) -> Self {
        Self { registry }
    }

    /// Says whether there is a connection to NATS, as long as it runs.
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

    /// The consumer is there, or why not; of no interest to a worker without the lease.
    pub(super) fn wake_ups(&self, state: Option<Result<(), String>>) {
        match state {
            None => self.registry.remove(WAKE_UPS),
            Some(Ok(())) => self.registry.set(WAKE_UPS, true, "the consumer is there"),
            Some(Err(why)) => self.registry.set(WAKE_UPS, false, why),
        }
    }

    /// Whether HubSpot refuses the account's details. Nothing stops for that.
    pub(super) fn account(&self, details_refused: bool) {
        if details_refused {
            self.registry.set(ACCOUNT, true, DETAILS_REFUSED);
        } else {
            self.registry.remove(ACCOUNT);
        }
    }

    /// The line's state. A worker that stands by is as ready as it can be.
    pub(super) fn line(&self, state: &WorkerStatus) {
        let sentence = state.message();
        match state {
            WorkerStatus::Starting => self.registry.set(LINE, false, sentence),
            WorkerStatus::Standby | WorkerStatus::Running => self.registry.set(LINE, true, sentence),
            WorkerStatus::Paused => {
                tracing::warn!("nothing is delivered: {sentence}");
                self.registry.set(LINE, true, sentence);
            }
            WorkerStatus::OtherAccount { remembered } => {
                tracing::error!(account.remembered = remembered.as_str(), "{sentence}");
                self.registry.set(LINE, false, sentence);
            }
            WorkerStatus::Halted { cause: fault, reason } => {
                // HubSpot's own message stays out of the log, for it may quote values.
                let (code, status) = (reason.code.as_str(), reason.status);
                let correlation = reason.correlation_id.as_deref();
                tracing::error!(
                    ?fault,
                    code,
                    status,
                    correlation,
                    "nothing is delivered: {sentence}"
                );
                self.registry.set(LINE, false, format!("{sentence} ({code})"));
            }
        }
    }
}
