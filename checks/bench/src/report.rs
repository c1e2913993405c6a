//! The figures of a run, as JSON or for people.

mod table;

use serde::Serialize;

use crate::{arguments::Arguments, delays::Delays, lone::Idle, throughput::Throughput, usage::Usage};

/// Everything that was measured, and what was asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// How many users the backlog had.
    pub users: usize,
    /// Whether they were linked before.
    pub known: bool,
    /// Calls in ten seconds.
    pub limit: usize,
    /// How long each call took at least, in milliseconds.
    pub latency_ms: u64,
    /// And how much longer at most.
    pub jitter_ms: u64,
    /// Contacts in a second that the limit allows.
    pub allowed_contacts_per_second: f64,
    /// Lone changes on an idle line.
    pub idle: Option<Idle>,
    /// The drain.
    pub drain: Option<Drain>,
}

/// What was measured while the backlog drained.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drain {
    /// Changes a second that the gateway accepted while the backlog was filled.
    pub filled_per_second: f64,
    /// What the sandbox's log says.
    pub throughput: Throughput,
    /// Lone changes meanwhile, from the gateway's 200 until confirmed.
    pub lone: Option<Delays>,
    /// Memory and processor time of each process, from the start of the hubspot service to the last confirmation.
    pub usage: Vec<Usage>,
}

impl Report {
    /// What was asked for, without figures yet.
    pub fn about(arguments: &Arguments) -> Self {
        Self {
            users: arguments.users,
            known: !arguments.unknown,
            limit: arguments.limit,
            latency_ms: arguments.latency_ms,
            jitter_ms: arguments.jitter_ms,
            allowed_contacts_per_second: arguments.contacts_per_second(),
            idle: None,
            drain: None,
        }
    }
}
