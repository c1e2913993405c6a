//! What a run is asked to do.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use crate::{parts::Cast, plan::Family};

/// A run.
#[derive(Debug, Clone)]
pub struct Options {
    /// What the plan of faults and the changes come from.
    pub seed: u64,
    /// How long things are broken.
    pub length: Length,
    /// The mean time from one fault to the next.
    pub every: Duration,
    /// Which kinds of fault.
    pub families: BTreeSet<Family>,
    /// Users that are changed all the time, each by several callers.
    pub hot: usize,
    /// Users that are changed now and then.
    pub cold: usize,
    /// Callers at a time.
    pub clients: usize,
    /// How long a caller waits before its next change, at most.
    pub think: Duration,
    /// The lengths of time that belong together.
    pub scale: Scale,
    /// Users are kept in PostgreSQL, not in a file, and there are two gateways and two user services.
    pub postgres: bool,
    /// How many nodes NATS has.
    pub nodes: usize,
    /// How often fail-over and the return of NATS are measured in the end.
    pub measures: usize,
    /// How long NATS is away before its return is measured.
    pub nats_away: Duration,
    /// The folder with the programs of the workspace.
    pub programs: PathBuf,
}

impl Options {
    /// Which parts the run has.
    pub fn cast(&self) -> Cast {
        Cast {
            replicas: self.postgres,
            nodes: self.nodes,
        }
    }
}

/// When breaking ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// After so many accepted changes.
    Changes(u64),
    /// After so long.
    For(Duration),
}

/// Lengths of time that belong together: HubSpot may carry out a call late, and whoever called it goes by how late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    /// `USER_LATE_WRITE_MS`.
    pub doubt: Duration,
    /// The latest that HubSpot carries out a call after it came; well below the doubt.
    pub latest_effect: Duration,
    /// `USER_ATTEMPT_MS`.
    pub attempt: Duration,
    /// `USER_WAKE_UP_MS`.
    pub announce: Duration,
    /// `HUBSPOT_TIMEOUT_MS`.
    pub call_timeout: Duration,
    /// How long everything may take to come to rest once things are well.
    pub rest_within: Duration,
}

impl Scale {
    /// As in production.
    pub const FULL: Self = Self {
        doubt: Duration::from_mins(2),
        latest_effect: Duration::from_secs(100),
        attempt: Duration::from_mins(1),
        announce: Duration::from_mins(1),
        call_timeout: Duration::from_secs(10),
        rest_within: Duration::from_mins(15),
    };

    /// For a run of minutes.
    pub const SHORT: Self = Self {
        doubt: Duration::from_secs(10),
        latest_effect: Duration::from_secs(5),
        attempt: Duration::from_secs(12),
        announce: Duration::from_secs(10),
        call_timeout: Duration::from_secs(2),
        rest_within: Duration::from_mins(3),
    };
}
