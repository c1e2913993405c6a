//! The report of a drain, as JSON or as text.

mod table;

use serde::Serialize;

use super::{Arguments, Idle, Throughput};
use crate::figures::{delays::Delays, process_usage::Usage};

/// The options and the figures of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The number of users in the backlog.
    pub users: usize,
    /// Whether they were linked to their contacts before.
    pub known: bool,
    /// The calls that the sandbox allowed in ten seconds.
    pub limit: usize,
    /// The shortest time of a call, in milliseconds.
    pub latency_ms: u64,
    /// The longest random time that was added, in milliseconds.
    pub jitter_ms: u64,
    /// The contacts per second that the limit allows.
    pub allowed_contacts_per_second: f64,
    /// Single changes while nothing else was delivered.
    pub idle: Option<Idle>,
    /// The delivery of the backlog.
    pub drain: Option<Drain>,
}

/// The figures of the delivery of the backlog.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drain {
    /// Changes per second that the gateway accepted while the backlog was made.
    pub filled_per_second: f64,
    /// The throughput by the sandbox's log.
    pub throughput: Throughput,
    /// Single changes during the drain, from the gateway's 200 until they were confirmed.
    pub single: Option<Delays>,
    /// Memory and CPU time of each process, from the start of the hubspot service to the last confirmation.
    pub usage: Vec<Usage>,
}

impl Report {
    /// A report with the options, and without figures.
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
