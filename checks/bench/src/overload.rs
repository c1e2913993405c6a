//! Measures the answers to more callers than the system can serve, their delays, and their cost.

mod callers;
mod report;
mod throttle;

use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Parser;
use testing::http;

pub use callers::AnswerDelays;
pub use report::{Recovery, Report};

use crate::{
    figures::{delays::Delays, process_usage::UsageMonitor},
    overload::throttle::Throttle,
    system::{
        database::BenchDatabase,
        gateway::Gateway,
        stack::{HUBSPOT, Stack},
        test_users::{Group, TestUser},
    },
};

/// The number of changes after the flood, one after another.
const CHANGES_AFTER_FLOOD: u32 = 100;

/// Sends requests to the gateway over far more connections than it takes to keep the system busy.
///
/// nats-server, the three services and the sandbox run as separate processes on this machine.
#[derive(Debug, Clone, Parser)]
#[command(name = "overload", version)]
pub struct Arguments {
    /// The connections of a sustainable load, with which the flood is compared.
    #[arg(long, default_value_t = 64)]
    pub sustained_connections: usize,

    /// The connections of the flood. Each one sends its next request as soon as the last one is answered.
    #[arg(long, default_value_t = 1_000)]
    pub connections: usize,

    /// The length of each of the two, in seconds.
    #[arg(long, default_value_t = 20)]
    pub seconds: u64,

    /// Sets `API_GATEWAY_MAX_IN_FLIGHT`, the most concurrent requests.
    #[arg(long)]
    pub max_in_flight: Option<usize>,

    /// Lets the user service run for this percentage of the time only, as on a slower machine.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=99))]
    pub slow_user_percent: Option<u32>,

    /// Prints the figures as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Measures the sustainable load, then the flood, then changes after it.
pub async fn run(arguments: &Arguments) -> anyhow::Result<Report> {
    let most = arguments
        .max_in_flight
        .map(|most| ("API_GATEWAY_MAX_IN_FLIGHT", most.to_string()));
    let mut stack = Stack::start(
        http::client(),
        BenchDatabase::create(false).await?,
        most.as_slice(),
    )
    .await?;
    match measure(&mut stack, arguments).await {
        Ok(report) => {
            stack.stop().await?;
            Ok(report)
        }
        Err(error) => Err(error.context(stack.log_tails())),
    }
}

async fn measure(stack: &mut Stack, arguments: &Arguments) -> anyhow::Result<Report> {
    stack.start_service(HUBSPOT).await?;
    let gateway = stack.gateway();
    let length = Duration::from_secs(arguments.seconds);
    let process_ids = stack.process_ids();
    let user = process_ids.iter().find(|(name, _)| *name == "user");
    let (_, user) = user.context("the user service does not run")?;
    let throttle = arguments
        .slow_user_percent
        .map(|percent| Throttle::begin(*user, percent));
    let _slow = throttle.transpose()?;
    let sustained = callers::call(&gateway, arguments.sustained_connections, length).await?;
    let watch = UsageMonitor::begin(process_ids);
    let flood = callers::call(&gateway, arguments.connections, length).await?;
    let recovery = recover(&gateway).await?;
    let usage = watch.end().await?;
    Ok(Report {
        sustained_connections: arguments.sustained_connections,
        sustained: sustained.figures(length),
        connections: arguments.connections,
        flood: flood.figures(length),
        recovery,
        usage,
    })
}

/// Makes changes one after another, from the end of the flood.
async fn recover(gateway: &Gateway) -> anyhow::Result<Recovery> {
    let user = TestUser {
        group: Group::Idle,
        number: 0,
    };
    let mut took_ms = Vec::new();
    for round in 0..CHANGES_AFTER_FLOOD {
        let began = Instant::now();
        gateway
            .change(user, round)
            .await
            .context("a change after the flood")?;
        took_ms.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    let first_ms = took_ms[0];
    let after_flood = Delays::of(took_ms).context("no change after the flood")?;
    Ok(Recovery {
        first_ms,
        after_flood,
    })
}
