//! The command line.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use clap::Parser;

use crate::{
    options::{Length, Options, Scale},
    plan::Family,
};

/// Runs the whole system as processes, breaks it on a schedule drawn from a seed, and checks that nothing accepted was
/// lost, reordered or invented. The exit code says whether all went well.
#[derive(Debug, Clone, Parser)]
#[command(name = "faults", version)]
pub struct Arguments {
    /// What the schedule is drawn from; a fresh one unless it is given.
    #[arg(long)]
    seed: Option<u64>,

    /// Goes on until so many changes were accepted.
    #[arg(long, conflicts_with = "minutes")]
    changes: Option<u64>,

    /// Goes on for so many minutes.
    #[arg(long, default_value_t = 2.0)]
    minutes: f64,

    /// Users, a hundredth of them hot, four at least.
    #[arg(long, default_value_t = 400)]
    users: usize,

    /// Callers at a time.
    #[arg(long, default_value_t = 16)]
    clients: usize,

    /// How long a caller waits between two changes, in milliseconds, at most.
    #[arg(long, default_value_t = 60)]
    think_ms: u64,

    /// The mean time from one fault to the next, in milliseconds; 0 draws none.
    #[arg(long, default_value_t = 1_500)]
    every_ms: u64,

    /// Which faults; all of them unless it is given.
    #[arg(long, value_delimiter = ',')]
    faults: Vec<Family>,

    /// Doubts, late effects and terms as in production, in place of those of a short run.
    #[arg(long)]
    full: bool,

    /// Keeps users in a PostgreSQL server of the run's own, not in a file, with two gateways and two user services.
    #[arg(long)]
    postgres: bool,

    /// Runs NATS as a cluster of so many nodes; three break in more ways than one.
    #[arg(long, default_value_t = 1)]
    nodes: usize,

    /// How long everything may take to come to rest in the end, in seconds.
    #[arg(long)]
    rest_within_s: Option<u64>,

    /// How often fail-over and the return of NATS are measured in the end.
    #[arg(long, default_value_t = 0)]
    measures: usize,

    /// How long NATS is away before its return is measured, in seconds.
    #[arg(long, default_value_t = 0)]
    nats_away_s: u64,

    /// The folder with the programs; that of this one unless it is given.
    #[arg(long)]
    programs: Option<PathBuf>,

    /// Prints the report as JSON.
    #[arg(long)]
    pub json: bool,
}

impl Arguments {
    /// The run that is asked for.
    pub fn into_options(self) -> anyhow::Result<Options> {
        let hot = (self.users / 100).max(4).min(self.users);
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
        if let Some(seconds) = self.rest_within_s {
            scale.rest_within = Duration::from_secs(seconds);
        }
        let length = Duration::from_secs_f64(self.minutes * 60.0);
        Ok(Options {
            seed: self.seed.unwrap_or_else(rand::random),
            length: self.changes.map_or(Length::For(length), Length::Changes),
            every: Duration::from_millis(self.every_ms),
            families,
            hot,
            cold: self.users - hot,
            clients: self.clients,
            think: Duration::from_millis(self.think_ms),
            scale,
            postgres: self.postgres,
            nodes: self.nodes,
            measures: self.measures,
            nats_away: Duration::from_secs(self.nats_away_s),
            programs,
        })
    }
}
