//! Which subjects each service sends to and listens to.
//!
//! The check of permissions at start and the services' lists of endpoints come from here, and a test compares the subjects that the
//! READMEs list, so that no subject is used without being permitted.

use crate::request::{
    ANY_TO_USER, GATEWAY_TO_HUBSPOT, GATEWAY_TO_USER, HUBSPOT_NOTICES, HUBSPOT_TO_USER, USER_TO_ANY,
    USER_TO_GATEWAY, USER_TO_HUBSPOT,
};

/// The subjects of one service, without those of the NATS client itself (inboxes, `JetStream`, `$SRV`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceAccess {
    requests: &'static [&'static [&'static str]],
    answers: &'static [&'static [&'static str]],
    publishes: &'static [&'static [&'static str]],
    listens: &'static [&'static [&'static str]],
}

/// The api-gateway.
pub const API_GATEWAY: ServiceAccess = ServiceAccess {
    requests: &[GATEWAY_TO_USER, ANY_TO_USER, GATEWAY_TO_HUBSPOT],
    answers: &[],
    publishes: &[],
    listens: &[USER_TO_ANY, USER_TO_GATEWAY, HUBSPOT_NOTICES],
};

/// The user service. It also publishes wake-ups to the stream.
pub const USER: ServiceAccess = ServiceAccess {
    requests: &[],
    answers: &[GATEWAY_TO_USER, HUBSPOT_TO_USER, ANY_TO_USER],
    publishes: &[USER_TO_ANY, USER_TO_GATEWAY, USER_TO_HUBSPOT],
    listens: &[USER_TO_ANY],
};

/// The hubspot service. It also reads wake-ups from the stream.
pub const HUBSPOT: ServiceAccess = ServiceAccess {
    requests: &[HUBSPOT_TO_USER, ANY_TO_USER],
    answers: &[GATEWAY_TO_HUBSPOT],
    publishes: &[HUBSPOT_NOTICES],
    listens: &[USER_TO_ANY, USER_TO_HUBSPOT],
};

impl ServiceAccess {
    /// Requests that the service sends.
    pub fn requests(self) -> impl Iterator<Item = &'static str> {
        self.requests.iter().copied().flatten().copied()
    }

    /// Requests that the service answers.
    pub fn answers(self) -> impl Iterator<Item = &'static str> {
        self.answers.iter().copied().flatten().copied()
    }

    /// Notices that the service publishes.
    pub fn publishes(self) -> impl Iterator<Item = &'static str> {
        self.publishes.iter().copied().flatten().copied()
    }

    /// Notices that the service listens to.
    pub fn listens(self) -> impl Iterator<Item = &'static str> {
        self.listens.iter().copied().flatten().copied()
    }
}
