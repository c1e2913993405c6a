//! Measures what many dirty users cost: the changes of others, and the restart of each service.

mod report;
mod restarts;

use anyhow::Context;
use clap::Parser;
use testing::http;

pub use report::{Report, Round};
pub use restarts::Restart;

use crate::{
    figures::{process_usage::UsageMonitor, table::Table},
    system::{
        database::BenchDatabase,
        gateway::Gateway,
        stack::Stack,
        test_users::{Group, TestUser},
    },
};

/// The number of users that the rounds change.
const CHANGED_USERS: usize = 10_000;

/// Compares changes in two systems, of which one has many dirty users, in alternating rounds.
///
/// The hubspot service runs in neither of them, as in an outage, so dirty users stay dirty. Every service runs as a
/// separate process on this machine.
#[derive(Debug, Clone, Parser)]
#[command(name = "scale", version)]
pub struct Arguments {
    /// The number of dirty users in one of the systems.
    #[arg(long, default_value_t = 1_000_000)]
    pub users: usize,

    /// Uses SQLite instead of PostgreSQL.
    #[arg(long)]
    pub sqlite: bool,

    /// The number of rounds in each system.
    #[arg(long, default_value_t = 5)]
    pub rounds: u32,

    /// The number of changes in a round.
    #[arg(long, default_value_t = 30_000)]
    pub changes: usize,

    /// Prints the figures as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Runs everything.
pub async fn run(arguments: &Arguments) -> anyhow::Result<Report> {
    let mut empty = system(arguments).await?;
    let mut full = system(arguments).await?;
    match measure(&mut empty, &mut full, arguments).await {
        Ok(report) => {
            empty.stop().await?;
            full.stop().await?;
            Ok(report)
        }
        Err(error) => Err(error.context(empty.log_tails()).context(full.log_tails())),
    }
}

async fn system(arguments: &Arguments) -> anyhow::Result<Stack> {
    let database = BenchDatabase::create(!arguments.sqlite).await?;
    Stack::start(http::client(), database, &[]).await
}

async fn measure(empty: &mut Stack, full: &mut Stack, arguments: &Arguments) -> anyhow::Result<Report> {
    let mut next = 1;
    for system in [&mut *empty, &mut *full] {
        change(&system.gateway(), CHANGED_USERS, next).await?;
    }
    eprintln!("scale: creating {} users …", arguments.users);
    let filling = full
        .gateway()
        .change_all(Group::Backlog.users(arguments.users), 1)
        .await?;
    let (mut with_none, mut with_all) = (Vec::new(), Vec::new());
    for _ in 0..arguments.rounds {
        next += 1;
        eprintln!("scale: round {} …", next - 1);
        with_none.push(round(empty, arguments, next).await?);
        with_all.push(round(full, arguments, next).await?);
    }
    let table = if arguments.sqlite {
        None
    } else {
        Some(Table::read(&full.database_url()).await?)
    };
    eprintln!("scale: restarting everything …");
    Ok(Report {
        users: arguments.users,
        filled_in_seconds: filling.as_secs_f64(),
        changes: arguments.changes,
        with_none,
        with_all,
        table,
        restarts: restarts::all(full).await?,
    })
}

/// Makes changes in one of the systems, and measures its processes.
async fn round(system: &mut Stack, arguments: &Arguments, number: u32) -> anyhow::Result<Round> {
    let watch = UsageMonitor::begin(system.process_ids());
    let elapsed = change(&system.gateway(), arguments.changes, number).await?;
    let usage = watch.end().await?;
    Ok(Round {
        seconds: elapsed,
        usage,
    })
}

/// Makes this many changes. All users are changed in order, again and again, with new values each time.
async fn change(gateway: &Gateway, changes: usize, number: u32) -> anyhow::Result<f64> {
    let mut seconds = 0.0;
    let mut left = changes;
    for pass in 0.. {
        let users = left.min(CHANGED_USERS);
        if users == 0 {
            break;
        }
        let elapsed = gateway
            .change_all(Group::Busy.users(users), number * 1_000 + pass)
            .await;
        seconds += elapsed.context("a change of a round")?.as_secs_f64();
        left -= users;
    }
    Ok(seconds)
}

/// One of the users that the rounds change.
fn any_user() -> TestUser {
    TestUser {
        group: Group::Busy,
        number: 0,
    }
}
