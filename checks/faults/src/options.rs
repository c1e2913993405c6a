//! The options of a run.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use crate::{injection::plan::Family, system::components::Topology};

/// The options of a run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The seed of the plan and of the changes.
    pub seed: u64,
    /// How long faults are injected.
    pub length: Length,
    /// The mean time between two faults.
    pub every: Duration,
    /// The families of faults.
    pub families: BTreeSet<Family>,
    /// The number of users that several callers change all the time.
    pub hot: usize,
    /// The number of users that are changed for a short period only.
    pub cold: usize,
    /// The number of pairs of users that exchange addresses, or whose contacts are merged.
    pub pairs: usize,
    /// The number of concurrent callers.
    pub clients: usize,
    /// The longest pause of a caller before its next change.
    pub think: Duration,
    /// The times that depend on each other.
    pub scale: Scale,
    /// Whether users are stored in PostgreSQL; if so, there are two gateways and two user services.
    pub postgres: bool,
    /// The number of NATS nodes.
    pub nodes: usize,
    /// How often fail-over and a restart of NATS are measured at the end.
    pub measurements: usize,
    /// How long NATS is down before its restart is measured.
    pub nats_away: Duration,
    /// The folder with the services' binaries.
    pub programs: PathBuf,
}

impl Options {
    /// The components of the run.
    pub fn topology(&self) -> Topology {
        Topology {
            replicas: self.postgres,
            nodes: self.nodes,
        }
    }
}

/// When the injection of faults ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// After this many accepted changes.
    Changes(u64),
    /// After this time.
    For(Duration),
}

/// Times that depend on each other: how late HubSpot may apply a call determines how long the services wait for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    /// The setting `USER_LATE_WRITE_MS`.
    pub late_write_window: Duration,
    /// The longest time between a call and its late effect in HubSpot. It is shorter than the late-write window.
    pub latest_effect: Duration,
    /// The setting `USER_ATTEMPT_MS`.
    pub attempt: Duration,
    /// The setting `USER_WAKE_UP_MS`.
    pub wake_up: Duration,
    /// The setting `HUBSPOT_TIMEOUT_MS`.
    pub call_timeout: Duration,
    /// How long the system has to converge after the last fault.
    pub converge_within: Duration,
}

impl Scale {
    /// The times of production.
    pub const FULL: Self = Self {
        late_write_window: Duration::from_mins(2),
        latest_effect: Duration::from_secs(100),
        attempt: Duration::from_mins(1),
        wake_up: Duration::from_mins(1),
        call_timeout: Duration::from_secs(10),
        converge_within: Duration::from_mins(15),
    };

    /// Shorter times for a run of minutes.
    pub const SHORT: Self = Self {
        late_write_window: Duration::from_secs(10),
        latest_effect: Duration::from_secs(5),
        attempt: Duration::from_secs(12),
        wake_up: Duration::from_secs(10),
        call_timeout: Duration::from_secs(2),
        converge_within: Duration::from_mins(3),
    };
}
