//! The command line of `faults`.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use clap::Parser;

use crate::{
    injection::plan::Family,
    options::{Length, Options, Scale},
};

/// One of these users in ten belongs to a pair.
const USERS_PER_PAIR: usize = 20;

/// Runs the whole system as processes, injects faults by a schedule that a seed determines, and checks that no accepted
/// change was lost or reordered, and no value invented. Exits with 1 if a check found something.
#[derive(Debug, Clone, Parser)]
#[command(name = "faults", version)]
pub struct Arguments {
    /// The seed of the schedule; random by default.
    #[arg(long)]
    seed: Option<u64>,

    /// Runs until this many changes were accepted.
    #[arg(long, conflicts_with = "minutes")]
    changes: Option<u64>,

    /// Runs for this many minutes.
    #[arg(long, default_value_t = 2.0)]
    minutes: f64,

    /// The number of users. One in a hundred is hot, and at least four are. One in ten of the others has addresses that move.
    #[arg(long, default_value_t = 400)]
    users: usize,

    /// The number of concurrent callers.
    #[arg(long, default_value_t = 16)]
    clients: usize,

    /// The longest pause of a caller between two changes, in milliseconds.
    #[arg(long, default_value_t = 60)]
    think_ms: u64,

    /// The mean time between two faults, in milliseconds; 0 injects none.
    #[arg(long, default_value_t = 1_500)]
    every_ms: u64,

    /// The families of faults; all by default.
    #[arg(long, value_delimiter = ',')]
    faults: Vec<Family>,

    /// Uses the times of production for late writes and attempts, instead of those of a short run.
    #[arg(long)]
    full: bool,

    /// Stores users in a PostgreSQL server that the run starts, with two gateways and two user services.
    #[arg(long)]
    postgres: bool,

    /// Runs NATS as a cluster of this many nodes.
    #[arg(long, default_value_t = 1)]
    nodes: usize,

    /// How long the system has to converge after the last fault, in seconds.
    #[arg(long)]
    converge_within_s: Option<u64>,

    /// How often fail-over and a restart of NATS are measured at the end.
    #[arg(long, default_value_t = 0)]
    measurements: usize,

    /// How long NATS is down before its restart is measured, in seconds.
    #[arg(long, default_value_t = 0)]
    nats_away_s: u64,

    /// The folder with the services' binaries; the folder of this program by default.
    #[arg(long)]
    programs: Option<PathBuf>,

    /// Prints the report as JSON.
    #[arg(long)]
    pub json: bool,
}

impl Arguments {
    /// The options of the run.
    pub fn into_options(self) -> anyhow::Result<Options> {
        let hot = (self.users / 100).max(4).min(self.users);
        let pairs = (self.users - hot) / USERS_PER_PAIR;
        let families: BTreeSet<Family> = if self.every_ms == 0 {
            BTreeSet::new()
        } else if self.faults.is_empty() {
            Family::of(self.nodes)
        } else {
            self.faults.into_iter().collect()
        };
        let programs = match self.programs {
            Some(programs) => programs,
            None => std::env::current_exe()?.with_file_name(""),
        };
        let mut scale = if self.full { Scale::FULL } else { Scale::SHORT };
        if let Some(seconds) = self.converge_within_s {
            scale.converge_within = Duration::from_secs(seconds);
        }
        let length = Duration::from_secs_f64(self.minutes * 60.0);
        Ok(Options {
            seed: self.seed.unwrap_or_else(rand::random),
            length: self.changes.map_or(Length::For(length), Length::Changes),
            every: Duration::from_millis(self.every_ms),
            families,
            hot,
            cold: self.users - hot - 2 * pairs,
            pairs,
            clients: self.clients,
            think: Duration::from_millis(self.think_ms),
            scale,
            postgres: self.postgres,
            nodes: self.nodes,
            measurements: self.measurements,
            nats_away: Duration::from_secs(self.nats_away_s),
            programs,
        })
    }
}
