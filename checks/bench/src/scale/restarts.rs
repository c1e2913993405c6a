//! Each part, stopped and started again with all those users.

use std::time::{Duration, Instant};

use anyhow::ensure;
use serde::Serialize;

use super::somebody;
use crate::stack::{HUBSPOT, Stack};

/// Longer than the services wait for each other's answers, so that no restart has to do with the one before.
const BETWEEN: Duration = Duration::from_secs(8);
const INTERVAL: Duration = Duration::from_millis(10);
const LIMIT: Duration = Duration::from_mins(1);

/// How long that took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Restart {
    /// Which part.
    pub part: &'static str,
    /// Until it had stopped, in seconds; none where it was killed.
    pub stopping: Option<f64>,
    /// From its start until it was ready; for NATS, until a change was accepted again.
    pub starting: f64,
}

pub(super) async fn all(stack: &mut Stack) -> anyhow::Result<Vec<Restart>> {
    stack.start_service(HUBSPOT).await?;
    let mut restarts = Vec::new();
    for part in ["user", "api-gateway", HUBSPOT] {
        tokio::time::sleep(BETWEEN).await;
        restarts.push(service(stack, part).await?);
    }
    tokio::time::sleep(BETWEEN).await;
    restarts.push(killed(stack, "user").await?);
    tokio::time::sleep(BETWEEN).await;
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
    while gateway.change(somebody(), 1).await.is_err() {
        ensure!(
            began.elapsed() < LIMIT,
            "no change is accepted after NATS was started again"
        );
        tokio::time::sleep(INTERVAL).await;
    }
    Ok(Restart {
        part: "nats-server",
        stopping,
        starting: began.elapsed().as_secs_f64(),
    })
}
