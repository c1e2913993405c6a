//! Many unsettled users: what they cost a change, and what it takes to start again with them.

mod report;
mod restarts;

use anyhow::Context;
use clap::Parser;
use testing::http;

pub use report::{Report, Round};
pub use restarts::Restart;

use crate::{
    disk::Disk,
    gateway::Gateway,
    people::{Group, Person},
    stack::Stack,
    table::Table,
    usage::Watch,
};

/// Users that the rounds change; in both systems nobody else does anything.
const CHANGED_USERS: usize = 10_000;

/// Two systems side by side, one of them with many unsettled users, and changes through each in turns.
///
/// In both of them the hubspot service is away, as in an outage, so that what is unsettled stays so. Each part runs as a
/// process of its own on this machine.
#[derive(Debug, Clone, Parser)]
#[command(name = "scale", version)]
pub struct Arguments {
    /// How many users are unsettled in one of the systems.
    #[arg(long, default_value_t = 1_000_000)]
    pub users: usize,

    /// Uses files instead of PostgreSQL.
    #[arg(long)]
    pub sqlite: bool,

    /// Rounds in each system, in turns.
    #[arg(long, default_value_t = 5)]
    pub rounds: u32,

    /// Changes in a round.
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
        Err(error) => Err(error.context(empty.tails()).context(full.tails())),
    }
}

async fn system(arguments: &Arguments) -> anyhow::Result<Stack> {
    let disk = Disk::make(!arguments.sqlite).await?;
    Stack::start(http::client(), disk, &[]).await
}

async fn measure(empty: &mut Stack, full: &mut Stack, arguments: &Arguments) -> anyhow::Result<Report> {
    let mut next = 1;
    for system in [&mut *empty, &mut *full] {
        change(&system.gateway(), CHANGED_USERS, next).await?;
    }
    eprintln!("scale: {} users are made …", arguments.users);
    let filling = full
        .gateway()
        .flood(Group::Backlog.people(arguments.users), 1)
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
    eprintln!("scale: everything is started again …");
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

/// Changes through one of the systems, and what its processes used.
async fn round(system: &mut Stack, arguments: &Arguments, number: u32) -> anyhow::Result<Round> {
    let watch = Watch::begin(system.process_ids());
    let took = change(&system.gateway(), arguments.changes, number).await?;
    let usage = watch.end().await?;
    Ok(Round { seconds: took, usage })
}

/// So many changes, of one user after the other and again from the first one, each another one.
async fn change(gateway: &Gateway, changes: usize, number: u32) -> anyhow::Result<f64> {
    let mut seconds = 0.0;
    let mut left = changes;
    for pass in 0.. {
        let people = left.min(CHANGED_USERS);
        if people == 0 {
            break;
        }
        let took = gateway
            .flood(Group::Busy.people(people), number * 1_000 + pass)
            .await;
        seconds += took.context("a change of a round")?.as_secs_f64();
        left -= people;
    }
    Ok(seconds)
}

/// A user of the rounds.
fn somebody() -> Person {
    Person {
        group: Group::Busy,
        number: 0,
    }
}
