//! The command line of `drain`.

use std::time::Duration;

use clap::Parser;

/// Makes a backlog of dirty users, delivers it to a HubSpot sandbox with limits, and prints how fast that was.
///
/// nats-server, the three services and the sandbox run as separate processes on this machine.
#[derive(Debug, Clone, Parser)]
#[command(name = "drain", version)]
#[expect(clippy::struct_excessive_bools, reason = "a command line has switches")]
pub struct Arguments {
    /// The number of users in the backlog; 0 measures single changes only.
    #[arg(long, default_value_t = 20_000)]
    pub users: usize,

    /// How many calls the sandbox allows in ten seconds.
    #[arg(long, default_value_t = 190)]
    pub limit: usize,

    /// How long each call takes, in milliseconds.
    #[arg(long, default_value_t = 250)]
    pub latency_ms: u64,

    /// The longest random time that is added to each call, in milliseconds.
    #[arg(long, default_value_t = 0)]
    pub jitter_ms: u64,

    /// Links the users to their contacts before the run, so that each costs one write. This is the default.
    #[arg(long, conflicts_with = "unknown")]
    pub known: bool,

    /// Leaves the users without a link, so that each costs a lookup by address and a write.
    #[arg(long)]
    pub unknown: bool,

    /// How many single changes are made while nothing else is delivered, and at most how many during the drain, one per
    /// second.
    #[arg(long, default_value_t = 200)]
    pub single: usize,

    /// Stores users in PostgreSQL instead of SQLite.
    #[arg(long)]
    pub postgres: bool,

    /// Sets `HUBSPOT_CONCURRENCY`, the most concurrent calls of the hubspot service.
    #[arg(long)]
    pub concurrency: Option<usize>,

    /// The time limit of the whole run, in seconds.
    #[arg(long, default_value_t = 1_800)]
    pub give_up_after: u64,

    /// Prints the figures as JSON.
    #[arg(long)]
    pub json: bool,
}

impl Arguments {
    /// The time limit of the whole run.
    pub fn ceiling(&self) -> Duration {
        Duration::from_secs(self.give_up_after)
    }

    /// The contacts per second that the limit allows: a hundred in each write, and in each lookup before it.
    pub fn contacts_per_second(&self) -> f64 {
        let calls_per_batch = if self.unknown { 2.0 } else { 1.0 };
        self.calls_per_second() * 100.0 / calls_per_batch
    }

    /// The calls per second that the limit allows on average.
    pub fn calls_per_second(&self) -> f64 {
        u32::try_from(self.limit).map_or(f64::INFINITY, f64::from) / 10.0
    }
}
