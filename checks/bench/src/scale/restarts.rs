//! Stops and restarts each component of the system with many dirty users.

use std::time::{Duration, Instant};

use anyhow::ensure;
use serde::Serialize;

use super::any_user;
use crate::system::stack::{HUBSPOT, Stack};

/// Longer than the services wait for each other's answers, so that no restart affects the next one.
const PAUSE_BETWEEN_RESTARTS: Duration = Duration::from_secs(8);
const INTERVAL: Duration = Duration::from_millis(10);
const LIMIT: Duration = Duration::from_mins(1);

/// The times of a restart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Restart {
    /// The component.
    pub part: &'static str,
    /// The time until it had stopped, in seconds; `None` if it was killed.
    pub stopping: Option<f64>,
    /// The time from its start until it was ready, in seconds; for NATS, until a change was accepted.
    pub starting: f64,
}

pub(super) async fn all(stack: &mut Stack) -> anyhow::Result<Vec<Restart>> {
    stack.start_service(HUBSPOT).await?;
    let mut restarts = Vec::new();
    for part in ["user", "api-gateway", HUBSPOT] {
        tokio::time::sleep(PAUSE_BETWEEN_RESTARTS).await;
        restarts.push(service(stack, part).await?);
    }
    tokio::time::sleep(PAUSE_BETWEEN_RESTARTS).await;
    restarts.push(killed(stack, "user").await?);
    tokio::time::sleep(PAUSE_BETWEEN_RESTARTS).await;
    restarts.push(nats(stack).await?);
    Ok(restarts)
}

async fn service(stack: &mut Stack, part: &'static str) -> anyhow::Result<Restart> {
    let began = Instant::now();
    stack.stop_service(part).await?;
    let stopping = Some(began.elapsed().as_secs_f64());
    let starting = started(stack, part).await?;
    Ok(Restart {
        part,
        stopping,
        starting,
    })
}

async fn killed(stack: &mut Stack, part: &'static str) -> anyhow::Result<Restart> {
    stack.kill_service(part).await?;
    let starting = started(stack, part).await?;
    Ok(Restart {
        part,
        stopping: None,
        starting,
    })
}

async fn started(stack: &mut Stack, part: &'static str) -> anyhow::Result<f64> {
    let began = Instant::now();
    stack.start_service(part).await?;
    Ok(began.elapsed().as_secs_f64())
}

async fn nats(stack: &mut Stack) -> anyhow::Result<Restart> {
    let (gateway, began) = (stack.gateway(), Instant::now());
    stack.stop_nats().await?;
    let stopping = Some(began.elapsed().as_secs_f64());
    let began = Instant::now();
    stack.start_nats().await?;
    while gateway.change(any_user(), 1).await.is_err() {
        ensure!(
            began.elapsed() < LIMIT,
            "no change was accepted after the restart of NATS"
        );
        tokio::time::sleep(INTERVAL).await;
    }
    Ok(Restart {
        part: "nats-server",
        stopping,
        starting: began.elapsed().as_secs_f64(),
    })
}
