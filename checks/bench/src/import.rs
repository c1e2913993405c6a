//! Live changes while many users are imported: how soon they are accepted and confirmed, and what they cost the gateway.

mod lines;
mod report;

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Parser;
use testing::http;
use tokio::time::interval;

pub use report::{Cost, Live, Report};

use crate::{
    delays::{Delays, ms_between},
    disk::Disk,
    gateway::Gateway,
    people::{Group, Person},
    settlements::Settlements,
    stack::{HUBSPOT, Stack},
    usage::{Usage, Watch},
};
use lines::Import;

/// Live changes are so far apart.
const BETWEEN: Duration = Duration::from_millis(100);
/// How many live changes are measured, idle and during the import.
const LIVE: usize = 100;
/// Users of the rounds that measure what a change costs, and how many changes each gets.
const CHANGED_USERS: usize = 10_000;
const CHANGES_EACH: u32 = 2;
const GATEWAY: &str = "api-gateway";

/// Imports many users through `POST /users/import` while live changes go on.
///
/// Each part runs as a process of its own on this machine: nats-server, the three services, the sandbox, with the limits of
/// a Professional account and 50 ms a call.
#[derive(Debug, Clone, Parser)]
#[command(name = "import", version)]
pub struct Arguments {
    /// How many users are imported.
    #[arg(long, default_value_t = 1_000_000)]
    pub users: usize,

    /// Keeps them in PostgreSQL instead of a file.
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
    let (gateway, sandbox) = (stack.gateway(), stack.sandbox());
    let settlements = Settlements::listen(&stack.nats_url()).await?;
    eprintln!("import: contacts are created, live users delivered once …");
    sandbox.lift_limits().await?;
    let live = || Group::Idle.people(LIVE).chain(Group::Busy.people(CHANGED_USERS));
    let everybody = Group::Backlog.people(arguments.users).chain(live());
    sandbox.create_contacts(everybody).await?;
    stack.start_service(HUBSPOT).await?;
    gateway.flood(live(), 1).await?;
    settlements.wait_for_all(Group::Idle.prefix(), LIVE, 1).await?;
    settlements
        .wait_for_all(Group::Busy.prefix(), CHANGED_USERS, 1)
        .await?;
    sandbox.set(190, 50, 0).await?;

    eprintln!("import: live changes on an idle line …");
    let idle = live_changes(&gateway, &settlements, 2).await?;
    let processes = stack.process_ids();
    let alone = cost(&gateway, processes.clone(), 10).await?;
    // Those changes are delivered, too, before anything else is measured.
    let version = u64::from(1 + CHANGES_EACH);
    settlements
        .wait_for_all(Group::Busy.prefix(), CHANGED_USERS, version)
        .await?;

    eprintln!("import: {} users, and live changes meanwhile …", arguments.users);
    let import = Import::begin(stack.import_request(), arguments.users);
    let watch = Watch::begin(processes.clone());
    let lines_before = import.lines();
    let meanwhile = live_changes(&gateway, &settlements, 3).await?;
    let lines = import.lines() - lines_before;
    let of_lines = of_gateway(&watch.end().await?)?.cpu_seconds;
    let lines_before = import.lines();
    let beside = cost(&gateway, processes, 20).await?;
    let lines_beside = import.lines() - lines_before;
    ensure!(
        lines_beside > 0 && !import.has_ended(),
        "the import was over too soon to measure anything beside it"
    );
    let took = import.end().await?;
    let per_line = of_lines / float(lines);
    Ok(Report {
        users: arguments.users,
        seconds: took.as_secs_f64(),
        line_us: per_line * 1e6,
        idle,
        meanwhile,
        alone,
        beside: beside.less(per_line * float(lines_beside)),
    })
}

/// Changes by one caller, each followed to its verdict.
async fn live_changes(gateway: &Gateway, settlements: &Settlements, round: u32) -> anyhow::Result<Live> {
    let (mut accepted, mut confirmed) = (Vec::new(), Vec::new());
    let mut ticks = interval(BETWEEN);
    for person in Group::Idle.people(LIVE) {
        ticks.tick().await;
        let change = gateway.change(person, round).await?;
        accepted.push(ms_between(change.sent_at, change.accepted_at));
        confirmed.push(ms_between(
            change.accepted_at,
            settlements.wait_for(&change).await?,
        ));
    }
    Ok(Live {
        accepted: Delays::of(accepted).context("no live change")?,
        confirmed: Delays::of(confirmed).context("no live change")?,
    })
}

/// What changes cost the gateway, as many at once as it takes.
async fn cost(gateway: &Gateway, processes: Vec<(&'static str, u32)>, round: u32) -> anyhow::Result<Cost> {
    let (watch, began) = (Watch::begin(processes), Instant::now());
    for change in 0..CHANGES_EACH {
        let people: Vec<Person> = Group::Busy.people(CHANGED_USERS).collect();
        gateway.flood(people.into_iter(), round + change).await?;
    }
    let seconds = began.elapsed().as_secs_f64();
    let changes = CHANGED_USERS * CHANGES_EACH as usize;
    Ok(Cost {
        changes,
        seconds,
        gateway_seconds: of_gateway(&watch.end().await?)?.cpu_seconds,
    })
}

fn of_gateway(usage: &[Usage]) -> anyhow::Result<&Usage> {
    let gateway = usage.iter().find(|usage| usage.process == GATEWAY);
    gateway.context("no figures of the gateway")
}

fn float(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}
