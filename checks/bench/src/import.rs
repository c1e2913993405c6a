//! Measures live changes during an import: how soon they are accepted and confirmed, and what they cost the gateway.

mod lines;
mod report;

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Parser;
use testing::http;
use tokio::time::interval;

pub use report::{Cost, Live, Report};

use crate::{
    figures::{
        delays::{Delays, ms_between},
        process_usage::{Usage, UsageMonitor},
    },
    system::{
        database::BenchDatabase,
        gateway::Gateway,
        resolved_versions::ResolvedVersions,
        stack::{HUBSPOT, Stack},
        test_users::{Group, TestUser},
    },
};
use lines::Import;

/// The time between two live changes.
const INTERVAL: Duration = Duration::from_millis(100);
/// How many live changes are measured, without and during the import.
const LIVE: usize = 100;
/// The number of users in the rounds that measure the cost of a change, and the changes of each user.
const CHANGED_USERS: usize = 10_000;
const CHANGES_EACH: u32 = 2;
const GATEWAY: &str = "api-gateway";

/// Imports many users through `POST /users/import` while live changes are made.
///
/// nats-server, the three services and the sandbox run as separate processes on this machine. The sandbox has the limits of
/// a Professional account and takes 50 ms for each call.
#[derive(Debug, Clone, Parser)]
#[command(name = "import", version)]
pub struct Arguments {
    /// How many users are imported.
    #[arg(long, default_value_t = 1_000_000)]
    pub users: usize,

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
    let (gateway, sandbox) = (stack.gateway(), stack.sandbox());
    let resolved = ResolvedVersions::listen(&stack.nats_url()).await?;
    eprintln!("import: creating contacts, delivering live users once …");
    sandbox.lift_limits().await?;
    let live = || Group::Idle.users(LIVE).chain(Group::Busy.users(CHANGED_USERS));
    let all_users = Group::Backlog.users(arguments.users).chain(live());
    sandbox.create_contacts(all_users).await?;
    stack.start_service(HUBSPOT).await?;
    gateway.change_all(live(), 1).await?;
    resolved.wait_for_all(Group::Idle.prefix(), LIVE, 1).await?;
    resolved
        .wait_for_all(Group::Busy.prefix(), CHANGED_USERS, 1)
        .await?;
    sandbox.set(190, 50, 0).await?;

    eprintln!("import: live changes without an import …");
    let idle = live_changes(&gateway, &resolved, 2).await?;
    let processes = stack.process_ids();
    let without_import = cost(&gateway, processes.clone(), 10).await?;
    // These changes are delivered before anything else is measured.
    let version = u64::from(1 + CHANGES_EACH);
    resolved
        .wait_for_all(Group::Busy.prefix(), CHANGED_USERS, version)
        .await?;

    eprintln!("import: {} users, and live changes meanwhile …", arguments.users);
    let import = Import::begin(stack.import_request(), arguments.users);
    let watch = UsageMonitor::begin(processes.clone());
    let lines_before = import.lines();
    let meanwhile = live_changes(&gateway, &resolved, 3).await?;
    let lines = import.lines() - lines_before;
    let line_cpu_seconds = gateway_usage(&watch.end().await?)?.cpu_seconds;
    let lines_before = import.lines();
    let during_import = cost(&gateway, processes, 20).await?;
    let lines_beside = import.lines() - lines_before;
    ensure!(
        lines_beside > 0 && !import.has_ended(),
        "the import was too short to measure changes during it"
    );
    let elapsed = import.end().await?;
    let per_line = line_cpu_seconds / float(lines);
    Ok(Report {
        users: arguments.users,
        seconds: elapsed.as_secs_f64(),
        line_us: per_line * 1e6,
        idle,
        meanwhile,
        without_import,
        during_import: during_import.without(per_line * float(lines_beside)),
    })
}

/// Changes by one caller, each until it is confirmed.
async fn live_changes(gateway: &Gateway, resolved: &ResolvedVersions, round: u32) -> anyhow::Result<Live> {
    let (mut accepted, mut confirmed) = (Vec::new(), Vec::new());
    let mut ticks = interval(INTERVAL);
    for user in Group::Idle.users(LIVE) {
        ticks.tick().await;
        let change = gateway.change(user, round).await?;
        accepted.push(ms_between(change.sent_at, change.accepted_at));
        confirmed.push(ms_between(change.accepted_at, resolved.wait_for(&change).await?));
    }
    Ok(Live {
        accepted: Delays::of(accepted).context("no live change")?,
        confirmed: Delays::of(confirmed).context("no live change")?,
    })
}

/// The cost of concurrent changes for the gateway.
async fn cost(gateway: &Gateway, processes: Vec<(&'static str, u32)>, round: u32) -> anyhow::Result<Cost> {
    let (watch, began) = (UsageMonitor::begin(processes), Instant::now());
    for change in 0..CHANGES_EACH {
        let users: Vec<TestUser> = Group::Busy.users(CHANGED_USERS).collect();
        gateway.change_all(users.into_iter(), round + change).await?;
    }
    let seconds = began.elapsed().as_secs_f64();
    let changes = CHANGED_USERS * CHANGES_EACH as usize;
    Ok(Cost {
        changes,
        seconds,
        gateway_seconds: gateway_usage(&watch.end().await?)?.cpu_seconds,
    })
}

fn gateway_usage(usage: &[Usage]) -> anyhow::Result<&Usage> {
    let gateway = usage.iter().find(|usage| usage.process == GATEWAY);
    gateway.context("no figures for the gateway")
}

fn float(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}
