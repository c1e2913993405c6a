//! Measures how long a fail-over of the hubspot service and a restart of NATS take.

use std::{
    fmt,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use serde::Serialize;
use serde_json::{Value, json};

use testing::http::body_of;

use crate::system::stack::Stack;

const INTERVAL: Duration = Duration::from_millis(10);
const CEILING: Duration = Duration::from_mins(1);
/// The time between two attempts to make a change.
const REPEAT: Duration = Duration::from_millis(20);

/// The measured times, in milliseconds.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Measurements {
    /// From the kill of the active hubspot service to the next confirmed delivery.
    pub failover_ms: Vec<u64>,
    /// From the opening of the port of a restarted nats-server to the next accepted change.
    pub nats_restart_ms: Vec<u64>,
}

impl Measurements {
    /// Measures both this many times, on a system that has converged. The changed user is not one of the run's users.
    pub async fn measure(stack: &Stack, times: usize, nats_away: Duration) -> anyhow::Result<Self> {
        let mut measurements = Self::default();
        for _ in 0..times {
            // After all nodes were down, a cluster takes seconds to elect its leaders.
            stack.nats().await.wait_until_healthy().await?;
            stack.wait_until_ready().await?;
            measurements.failover_ms.push(failover(stack).await?);
            stack.wait_until_ready().await?;
            measurements
                .nats_restart_ms
                .push(nats_restart(stack, nats_away).await?);
        }
        Ok(measurements)
    }
}

async fn failover(stack: &Stack) -> anyhow::Result<u64> {
    let active = stack
        .active_hubspot()
        .await
        .context("no hubspot service has the lease")?;
    stack.service(active).await?.kill().await?;
    let killed = Instant::now();
    let version = change(stack).await?;
    let url = format!("{}/users/measured/sync?version={version}", stack.gateway_url());
    loop {
        let body = body_of(stack.http.get(&url)).await?;
        let receipt: Value = serde_json::from_str(&body)?;
        if receipt["state"] == "confirmed" {
            break;
        }
        ensure!(
            killed.elapsed() < CEILING,
            "nothing was delivered within {CEILING:?} of the kill: {body}"
        );
        tokio::time::sleep(INTERVAL).await;
    }
    let elapsed_ms = ms(killed);
    stack.service(active).await?.start().await?;
    Ok(elapsed_ms)
}

async fn nats_restart(stack: &Stack, away: Duration) -> anyhow::Result<u64> {
    let mut nats = stack.nats().await;
    nats.kill().await?;
    tokio::time::sleep(away).await;
    nats.restart().await?;
    let opened = Instant::now();
    while change(stack).await.is_err() {
        ensure!(
            opened.elapsed() < CEILING,
            "nothing was accepted within {CEILING:?} of the restart of NATS"
        );
        tokio::time::sleep(REPEAT).await;
    }
    Ok(ms(opened))
}

async fn change(stack: &Stack) -> anyhow::Result<u64> {
    let request = stack
        .http
        .patch(format!("{}/users/measured", stack.gateway_url()));
    let name = jiff::Timestamp::now().to_string();
    let body = json!({ "email": "bh@hubspot.com", "firstName": name });
    let answer: Value = serde_json::from_str(&body_of(request.json(&body)).await?)?;
    answer["sync"]["version"]
        .as_u64()
        .context("an answer without a version")
}

fn ms(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Display for Measurements {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(longest) = self.failover_ms.iter().max() {
            let count = self.failover_ms.len();
            writeln!(
                to,
                "fail-over: delivered again within {longest} ms of the kill, {count} times"
            )?;
        }
        if let Some(longest) = self.nats_restart_ms.iter().max() {
            let count = self.nats_restart_ms.len();
            writeln!(
                to,
                "restart of NATS: accepted again within {longest} ms of its port, {count} times"
            )?;
        }
        Ok(())
    }
}
