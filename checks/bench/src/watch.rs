//! What browsers at the console cost the gateway, and how the page bears a flood.

mod load;
mod page;
mod report;
mod watchers;

use std::time::Duration;

use browser::Chromium;
use clap::Parser;
use testing::http;

pub use page::{Page, Sample};
pub use report::{Column, Report, Round};
pub use watchers::Watched;

use crate::{
    disk::Disk,
    people::Group,
    settlements::Settlements,
    stack::{HUBSPOT, Stack},
    usage::Watch,
};
use load::flow;

/// Users that are changed, each with a contact.
pub(crate) const USERS: usize = 20_000;

/// The limit of HubSpot's smallest plans, in ten seconds, and how long a call takes.
const CALLS_PER_WINDOW: usize = 190;
const LATENCY_MS: u64 = 100;

/// Changes at a steady pace through the whole system, with more and fewer browsers that watch them, in turns; then one real
/// browser, looked into while it shows them.
///
/// Each part runs as a process of its own on this machine.
#[derive(Debug, Clone, Parser)]
#[command(name = "watch", version)]
pub struct Arguments {
    /// Changes in a second.
    #[arg(long, default_value_t = 1_000)]
    pub rate: u32,

    /// How many browsers watch, in turns.
    #[arg(long, value_delimiter = ',', default_values_t = [0, 1, 50])]
    pub browsers: Vec<usize>,

    /// How long a round takes, in seconds.
    #[arg(long, default_value_t = 60)]
    pub seconds: u64,

    /// Rounds with each number of browsers.
    #[arg(long, default_value_t = 3)]
    pub rounds: usize,

    /// How long Chromium shows the changes, in seconds; with 0 there is no Chromium.
    #[arg(long, default_value_t = 300)]
    pub page_seconds: u64,

    /// Lone changes on an idle system, each looked for on the page.
    #[arg(long, default_value_t = 50)]
    pub lone: u32,

    /// Writes a picture of the page under load to this file.
    #[arg(long, value_name = "FILE")]
    pub picture: Option<std::path::PathBuf>,

    /// Keeps the users in PostgreSQL instead of a file.
    #[arg(long)]
    pub postgres: bool,

    /// Prints the figures as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Runs everything.
pub async fn run(arguments: &Arguments) -> anyhow::Result<Report> {
    let disk = Disk::make(arguments.postgres).await?;
    let mut stack = Stack::start(http::client(), disk, &[]).await?;
    match measure(&mut stack, arguments).await {
        Ok(report) => {
            stack.stop().await?;
            Ok(report)
        }
        Err(error) => Err(error.context(stack.tails())),
    }
}

async fn measure(stack: &mut Stack, arguments: &Arguments) -> anyhow::Result<Report> {
    let sandbox = stack.sandbox();
    sandbox.lift_limits().await?;
    sandbox.create_contacts(Group::Busy.people(USERS)).await?;
    stack.start_service(HUBSPOT).await?;
    let mut round = 1;
    eprintln!("watch: {USERS} users are made …");
    let settlements = Settlements::listen(&stack.nats_url()).await?;
    stack.gateway().flood(Group::Busy.people(USERS), round).await?;
    settlements.wait_for_all(Group::Busy.prefix(), USERS, 1).await?;
    drop(settlements);
    sandbox.set(CALLS_PER_WINDOW, LATENCY_MS, 0).await?;
    let column = |browsers: &usize| Column {
        browsers: *browsers,
        rounds: Vec::new(),
    };
    let mut columns: Vec<Column> = arguments.browsers.iter().map(column).collect();
    for _ in 0..arguments.rounds {
        for Column { browsers, rounds } in &mut columns {
            round += 1;
            eprintln!("watch: {browsers} browsers …");
            rounds.push(one_round(stack, arguments, *browsers, round).await?);
        }
    }
    let page = if arguments.page_seconds > 0 {
        Some(look(stack, arguments, round).await?)
    } else {
        None
    };
    Ok(Report {
        rate: arguments.rate,
        seconds: arguments.seconds,
        columns,
        page,
    })
}

/// Changes at the pace for a while, and what that cost.
async fn one_round(
    stack: &mut Stack,
    arguments: &Arguments,
    browsers: usize,
    round: u32,
) -> anyhow::Result<Round> {
    let watchers = watchers::begin(stack, browsers).await?;
    let watch = Watch::begin(stack.process_ids());
    let length = Duration::from_secs(arguments.seconds);
    let answered = flow(&stack.gateway(), arguments.rate, length, round).await?;
    let usage = watch.end().await?;
    Ok(Round {
        answered,
        usage,
        watched: watchers.end().await?,
    })
}

async fn look(stack: &mut Stack, arguments: &Arguments, round: u32) -> anyhow::Result<Page> {
    let chromium = Chromium::start().await?;
    chromium.driver.goto(stack.console_url()).await?;
    eprintln!("watch: lone changes, looked for on the page …");
    let seen = page::lone_changes(&chromium, &stack.gateway(), arguments.lone, round + 1).await?;
    eprintln!("watch: the page under load …");
    let length = Duration::from_secs(arguments.page_seconds);
    let watch = Watch::begin(stack.process_ids());
    let gateway = stack.gateway();
    let (answered, samples) = tokio::try_join!(
        flow(&gateway, arguments.rate, length, round + 2),
        page::sample(&chromium, length, arguments.picture.as_deref()),
    )?;
    let usage = watch.end().await?;
    chromium.driver.quit().await?;
    Ok(Page {
        seen,
        answered,
        usage,
        samples,
    })
}
