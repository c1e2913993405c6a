//! More callers than the system can serve: what each is answered, how soon, and what that costs.

mod callers;
mod report;
mod slow;

use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Parser;
use testing::http;

pub use callers::Answers;
pub use report::{Recovery, Report};

use crate::{
    delays::Delays,
    disk::Disk,
    gateway::Gateway,
    overload::slow::Slow,
    people::{Group, Person},
    stack::{HUBSPOT, Stack},
    usage::Watch,
};

/// Changes one after another, once the flood is over.
const CALM_CHANGES: u32 = 100;

/// Floods the gateway from far more connections than it takes to keep the system busy.
///
/// Each part runs as a process of its own on this machine: nats-server, the three services, the sandbox.
#[derive(Debug, Clone, Parser)]
#[command(name = "overload", version)]
pub struct Arguments {
    /// Connections whose load the system sustains; the flood is compared with them.
    #[arg(long, default_value_t = 64)]
    pub sustained_connections: usize,

    /// Connections of the flood. Each asks again as soon as it is answered, whatever the answer.
    #[arg(long, default_value_t = 1_000)]
    pub connections: usize,

    /// How long each of the two lasts, in seconds.
    #[arg(long, default_value_t = 20)]
    pub seconds: u64,

    /// Sets `API_GATEWAY_MAX_IN_FLIGHT`: how many requests are in work at most.
    #[arg(long)]
    pub max_in_flight: Option<usize>,

    /// Lets the user service run only so much of the time, in percent, as if its machine were slower.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=99))]
    pub slow_user_percent: Option<u32>,

    /// Prints the figures as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Measures the load that is sustained, then the flood, then the calm after it.
pub async fn run(arguments: &Arguments) -> anyhow::Result<Report> {
    let most = arguments
        .max_in_flight
        .map(|most| ("API_GATEWAY_MAX_IN_FLIGHT", most.to_string()));
    let mut stack = Stack::start(http::client(), Disk::make(false).await?, most.as_slice()).await?;
    match measure(&mut stack, arguments).await {
        Ok(report) => {
            stack.stop().await?;
            Ok(report)
        }
        Err(error) => Err(error.context(stack.tails())),
    }
}

async fn measure(stack: &mut Stack, arguments: &Arguments) -> anyhow::Result<Report> {
    stack.start_service(HUBSPOT).await?;
    let gateway = stack.gateway();
    let length = Duration::from_secs(arguments.seconds);
    let process_ids = stack.process_ids();
    let user = process_ids.iter().find(|(name, _)| *name == "user");
    let (_, user) = user.context("the user service does not run")?;
    let slow = arguments
        .slow_user_percent
        .map(|percent| Slow::begin(*user, percent));
    let _slow = slow.transpose()?;
    let sustained = callers::call(&gateway, arguments.sustained_connections, length).await?;
    let watch = Watch::begin(process_ids);
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

/// One change after another, from the moment on when the flood has ended.
async fn recover(gateway: &Gateway) -> anyhow::Result<Recovery> {
    let person = Person {
        group: Group::Idle,
        number: 0,
    };
    let mut took_ms = Vec::new();
    for round in 0..CALM_CHANGES {
        let began = Instant::now();
        gateway
            .change(person, round)
            .await
            .context("a change after the flood")?;
        took_ms.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    let first_ms = took_ms[0];
    let calm = Delays::of(took_ms).context("no change after the flood")?;
    Ok(Recovery { first_ms, calm })
}
