//! Handles the events of the connection: keeps the state, and logs each event once.

use std::sync::{Arc, Mutex, PoisonError};

use async_nats::{ClientError, Event, ServerError};
use tokio::sync::watch;

use super::state::{NatsState, ViolationKind, parse_violation};

/// Shared by the event callback and the connection.
#[derive(Debug, Clone)]
pub(super) struct Observer {
    service: Arc<str>,
    state: Arc<watch::Sender<NatsState>>,
    outage: Arc<Mutex<Outage>>,
}

/// What was already logged since the last connection.
#[derive(Debug, Default)]
struct Outage {
    reason: String,
    dropped_messages: u64,
}

impl Observer {
    pub(super) fn new(service: &str) -> Self {
        let (state, _) = watch::channel(NatsState::default());
        Self {
            service: service.into(),
            state: Arc::new(state),
            outage: Arc::default(),
        }
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<NatsState> {
        self.state.subscribe()
    }

    pub(super) fn observe(&self, event: Event) {
        let service = &*self.service;
        match event {
            Event::Connected => self.connected(),
            Event::Disconnected => {
                self.state.send_modify(|state| state.connected = false);
                tracing::warn!(service, "disconnected from NATS; trying to reconnect");
            }
            Event::Closed => {
                self.state.send_modify(|state| state.connected = false);
                tracing::debug!(service, "NATS connection closed");
            }
            Event::LameDuckMode => tracing::info!(service, "NATS server is about to stop; moving to another"),
            Event::Draining => tracing::debug!(service, "NATS connection is draining"),
            Event::SlowConsumer(subscription) => self.dropped_message(subscription),
            Event::ServerError(ServerError::Other(message)) => self.server_error(&message),
            Event::ServerError(error) => tracing::error!(service, %error, "NATS server reports an error"),
            Event::ClientError(ClientError::Other(reason)) => self.still_waiting(&reason),
            Event::ClientError(error) => tracing::error!(service, %error, "NATS client reports an error"),
        }
    }

    /// Logs why there is no connection yet, unless that was logged already.
    pub(super) fn still_waiting(&self, reason: &str) {
        let mut outage = self.outage.lock().unwrap_or_else(PoisonError::into_inner);
        if outage.reason != reason {
            reason.clone_into(&mut outage.reason);
            tracing::warn!(
                service = &*self.service,
                reason,
                "no connection to NATS yet; still trying"
            );
        }
    }

    fn connected(&self) {
        *self.outage.lock().unwrap_or_else(PoisonError::into_inner) = Outage::default();
        self.state.send_modify(|state| {
            state.connected = true;
            state.epoch += 1;
            // Permissions may have been corrected since. What is still forbidden will be reported again.
            state.violations.clear();
        });
        tracing::info!(service = &*self.service, "connected to NATS");
    }

    /// Logs that messages are dropped. There is an event for each message, so only the 1st, 2nd, 4th, 8th … is logged.
    fn dropped_message(&self, subscription: u64) {
        let mut outage = self.outage.lock().unwrap_or_else(PoisonError::into_inner);
        outage.dropped_messages += 1;
        let dropped = outage.dropped_messages;
        if dropped.is_power_of_two() {
            let service = &*self.service;
            tracing::warn!(
                service,
                subscription,
                dropped,
                "messages are dropped because their reader is too slow"
            );
        }
    }

    fn server_error(&self, message: &str) {
        let service = &*self.service;
        let Some((kind, subject)) = parse_violation(message) else {
            tracing::error!(service, error = message, "NATS server reports an error");
            return;
        };
        let mut first = false;
        self.state
            .send_modify(|state| first = state.forbid(kind, subject));
        if first {
            let action = match kind {
                ViolationKind::Publish => "publish",
                ViolationKind::Subscribe => "subscribe",
            };
            tracing::error!(
                service,
                subject,
                action,
                "NATS forbids this; correct the permissions of the service's NATS user"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_follows_the_events() {
        let observer = Observer::new("user");
        let state = observer.subscribe();
        observer.observe(Event::Connected);
        assert!(state.borrow().connected);
        observer.observe(Event::Disconnected);
        assert!(!state.borrow().connected);
        observer.observe(Event::Connected);
        assert_eq!(state.borrow().epoch, 2);
        let message = "Permissions Violation for Publish to \"users.get\"".to_owned();
        observer.observe(Event::ServerError(ServerError::Other(message)));
        assert_eq!(
            state
                .borrow()
                .times_forbidden(ViolationKind::Publish, "users.get"),
            1
        );
    }
}
