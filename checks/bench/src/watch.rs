//! Measures what browsers with the console cost the gateway, and how the page performs under many changes.

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
    figures::process_usage::UsageMonitor,
    system::{
        database::BenchDatabase,
        resolved_versions::ResolvedVersions,
        stack::{HUBSPOT, Stack},
        test_users::Group,
    },
};
use load::send_at_rate;

/// The number of users that are changed. Each has a contact.
pub(crate) const USERS: usize = 20_000;

/// The calls that HubSpot's smallest plans allow in ten seconds.
const CALLS_PER_WINDOW: usize = 190;
/// How long each call takes.
const LATENCY_MS: u64 = 100;

/// Makes changes at a steady rate while different numbers of browsers watch, in alternating rounds; then measures one real
/// browser while it shows changes.
///
/// Every service runs as a separate process on this machine.
#[derive(Debug, Clone, Parser)]
#[command(name = "watch", version)]
pub struct Arguments {
    /// Changes per second.
    #[arg(long, default_value_t = 1_000)]
    pub rate: u32,

    /// The numbers of browsers, which alternate.
    #[arg(long, value_delimiter = ',', default_values_t = [0, 1, 50])]
    pub browsers: Vec<usize>,

    /// The length of a round, in seconds.
    #[arg(long, default_value_t = 60)]
    pub seconds: u64,

    /// The number of rounds with each number of browsers.
    #[arg(long, default_value_t = 3)]
    pub rounds: usize,

    /// How long Chromium shows changes, in seconds; 0 skips Chromium.
    #[arg(long, default_value_t = 300)]
    pub page_seconds: u64,

    /// The number of single changes that are timed until the page shows them.
    #[arg(long, default_value_t = 50)]
    pub single: u32,

    /// Writes a screenshot of the page under load to this file.
    #[arg(long, value_name = "FILE")]
    pub picture: Option<std::path::PathBuf>,

    /// Stores users in PostgreSQL instead of SQLite.
    #[arg(long)]
    pub postgres: bool,

    /// Prints the figures as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Runs everything.
pub async fn run(arguments: &Arguments) -> anyhow::Result<Report> {
    let database = BenchDatabase::create(arguments.postgres).await?;
    let mut stack = Stack::start(http::client(), database, &[]).await?;
    match measure(&mut stack, arguments).await {
        Ok(report) => {
            stack.stop().await?;
            Ok(report)
        }
        Err(error) => Err(error.context(stack.log_tails())),
    }
}

async fn measure(stack: &mut Stack, arguments: &Arguments) -> anyhow::Result<Report> {
    let sandbox = stack.sandbox();
    sandbox.lift_limits().await?;
    sandbox.create_contacts(Group::Busy.users(USERS)).await?;
    stack.start_service(HUBSPOT).await?;
    let mut round = 1;
    eprintln!("watch: creating {USERS} users …");
    let resolved = ResolvedVersions::listen(&stack.nats_url()).await?;
    stack
        .gateway()
        .change_all(Group::Busy.users(USERS), round)
        .await?;
    resolved.wait_for_all(Group::Busy.prefix(), USERS, 1).await?;
    drop(resolved);
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
        Some(measure_page(stack, arguments, round).await?)
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

/// Makes changes at the given rate, and measures all processes.
async fn one_round(
    stack: &mut Stack,
    arguments: &Arguments,
    browsers: usize,
    round: u32,
) -> anyhow::Result<Round> {
    let watchers = watchers::begin(stack, browsers).await?;
    let watch = UsageMonitor::begin(stack.process_ids());
    let length = Duration::from_secs(arguments.seconds);
    let answered = send_at_rate(&stack.gateway(), arguments.rate, length, round).await?;
    let usage = watch.end().await?;
    Ok(Round {
        answered,
        usage,
        watched: watchers.end().await?,
    })
}

async fn measure_page(stack: &mut Stack, arguments: &Arguments, round: u32) -> anyhow::Result<Page> {
    let chromium = Chromium::start().await?;
    chromium.driver.goto(stack.console_url()).await?;
    eprintln!("watch: single changes until the page shows them …");
    let seen = page::single_changes(&chromium, &stack.gateway(), arguments.single, round + 1).await?;
    eprintln!("watch: the page under load …");
    let length = Duration::from_secs(arguments.page_seconds);
    let watch = UsageMonitor::begin(stack.process_ids());
    let gateway = stack.gateway();
    let (answered, samples) = tokio::try_join!(
        send_at_rate(&gateway, arguments.rate, length, round + 2),
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
