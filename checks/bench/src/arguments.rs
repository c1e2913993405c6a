//! The command line.

use std::time::Duration;

use clap::Parser;

/// Fills a backlog of unsettled users, drains it into a HubSpot sandbox with limits, and prints how fast that went.
///
/// Each part runs as a process of its own on this machine: nats-server, the three services, the sandbox.
#[derive(Debug, Clone, Parser)]
#[command(name = "drain", version)]
#[expect(clippy::struct_excessive_bools, reason = "a command line has switches")]
pub struct Arguments {
    /// How many users the backlog has; with 0 nothing is drained.
    #[arg(long, default_value_t = 20_000)]
    pub users: usize,

    /// Calls that the sandbox lets through in ten seconds.
    #[arg(long, default_value_t = 190)]
    pub limit: usize,

    /// How long each call takes, in milliseconds.
    #[arg(long, default_value_t = 250)]
    pub latency_ms: u64,

    /// Up to how much longer, by chance, in milliseconds.
    #[arg(long, default_value_t = 0)]
    pub jitter_ms: u64,

    /// The users are linked to their contacts before the run, so that each costs a write; this is what happens
    /// without the option, too.
    #[arg(long, conflicts_with = "unknown")]
    pub known: bool,

    /// The users were never delivered, so that each costs a look-up by address and a write.
    #[arg(long)]
    pub unknown: bool,

    /// How many lone changes are made on an idle line, and at most how many while the backlog drains, one a second.
    #[arg(long, default_value_t = 200)]
    pub lone: usize,

    /// Keeps the users in PostgreSQL instead of a file.
    #[arg(long)]
    pub postgres: bool,

    /// Sets `HUBSPOT_CONCURRENCY`: how many calls the hubspot service has out at most.
    #[arg(long)]
    pub concurrency: Option<usize>,

    /// After so many seconds the run is given up.
    #[arg(long, default_value_t = 1_800)]
    pub give_up_after: u64,

    /// Prints the figures as JSON.
    #[arg(long)]
    pub json: bool,
}

impl Arguments {
    /// The time all of it may take.
    pub fn ceiling(&self) -> Duration {
        Duration::from_secs(self.give_up_after)
    }

    /// Contacts in a second that the limit allows: a hundred in each write, and in each look-up before it.
    pub fn contacts_per_second(&self) -> f64 {
        let calls_per_batch = if self.unknown { 2.0 } else { 1.0 };
        self.calls_per_second() * 100.0 / calls_per_batch
    }

    /// Calls in a second that the limit allows, over ten seconds.
    pub fn calls_per_second(&self) -> f64 {
        u32::try_from(self.limit).map_or(f64::INFINITY, f64::from) / 10.0
    }
}
