//! The console in Chromium: when it shows a change, and what it costs under load.

use std::{path::Path, time::Duration};

use anyhow::Context;
use browser::Chromium;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use testing::wait::until;
use tokio::time::{Instant, sleep_until};

use crate::{
    figures::{
        delays::{Delays, ms_between},
        process_usage::Usage,
    },
    system::{gateway::Gateway, test_users::Group},
};

/// The time between two samples of the page.
const SAMPLE_INTERVAL: Duration = Duration::from_secs(30);
const PAGE_TIMEOUT: Duration = Duration::from_secs(30);

/// Records when a row of the recent changes shows a user as confirmed, by the clock of this machine, and each task of the
/// page that takes longer than 50 ms.
const RECORD_SCRIPT: &str = "
    window.confirmedAt = {};
    window.longTasks = [];
    new MutationObserver(() => {
        for (const row of document.querySelectorAll('#recent tbody tr')) {
            const [user, version, state] = row.cells;
            if (state.textContent !== 'confirmed') continue;
            window.confirmedAt[user.textContent + ' ' + version.textContent] ??= Date.now();
        }
    }).observe(document.querySelector('#recent'), { subtree: true, childList: true, characterData: true });
    new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((entry) => entry.duration)))
        .observe({ type: 'longtask', buffered: true });";
/// Stops the recording of rows and deletes the records, so that they do not count as load of the page.
const RESET_SCRIPT: &str =
    "window.confirmedAt = new Proxy({}, { set: () => true }); window.longTasks.length = 0;";

/// The figures of Chromium.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Page {
    /// From sending a single change until the page shows it as confirmed.
    pub seen: Option<Delays>,
    /// From sending a change under load until the gateway's 200.
    pub answered: Option<Delays>,
    /// Memory and CPU time of each process under load.
    pub usage: Vec<Usage>,
    /// Samples of the page, from the start of the load.
    pub samples: Vec<Sample>,
}

/// A sample of the page.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sample {
    /// Seconds since the load began.
    pub after_seconds: u64,
    /// Memory of its scripts after a garbage collection, in MiB.
    pub heap_mib: f64,
    /// The number of elements.
    pub nodes: u64,
    /// The number of tasks longer than 50 ms since the last sample.
    pub long_tasks: u64,
    /// The longest of them, in milliseconds.
    pub longest_task_ms: f64,
    /// How long the page's thread was busy since the last sample, in seconds.
    pub busy_seconds: f64,
}

/// Makes changes one after another, and returns the delays until the page showed each as confirmed.
pub(super) async fn single_changes(
    chromium: &Chromium,
    gateway: &Gateway,
    count: u32,
    round: u32,
) -> anyhow::Result<Option<Delays>> {
    chromium.evaluate(RECORD_SCRIPT).await?;
    let user = Group::Busy.users(1).next().context("the group has a user")?;
    let mut took_ms = Vec::new();
    for step in 0..count {
        let change = gateway.change(user, round * 1_000 + step).await?;
        let row = format!("{} {}", change.user_id, change.version);
        let script = format!("return window.confirmedAt[{}] ?? null", json!(row));
        let seen_at = until("the change on the page", PAGE_TIMEOUT, async || {
            let answer = chromium
                .evaluate(&script)
                .await
                .map_err(|error| error.to_string())?;
            answer.as_i64().ok_or(answer.to_string())
        })
        .await;
        took_ms.push(ms_between(change.sent_at, Timestamp::from_millisecond(seen_at)?));
    }
    Ok(Delays::of(took_ms))
}

/// Takes samples of the page for this time.
pub(super) async fn sample(
    chromium: &Chromium,
    length: Duration,
    picture: Option<&Path>,
) -> anyhow::Result<Vec<Sample>> {
    chromium.evaluate(RESET_SCRIPT).await?;
    let tools = chromium.driver.cdp();
    tools.send_raw("Performance.enable", json!({})).await?;
    let began = Instant::now();
    let mut samples: Vec<Sample> = Vec::new();
    let mut busy_before = 0.0;
    loop {
        let (sample, busy) = take_sample(chromium, began, busy_before).await?;
        busy_before = busy;
        samples.push(sample);
        let next = began + SAMPLE_INTERVAL * u32::try_from(samples.len())?;
        if next > began + length {
            break;
        }
        sleep_until(next).await;
    }
    if let Some(picture) = picture {
        chromium.set_appearance("light", 1_280, 1_080).await?;
        chromium.driver.screenshot(picture).await?;
    }
    Ok(samples)
}

async fn take_sample(chromium: &Chromium, began: Instant, busy_before: f64) -> anyhow::Result<(Sample, f64)> {
    let tools = chromium.driver.cdp();
    let long = chromium.evaluate("return window.longTasks.splice(0)").await?;
    let long: Vec<f64> = serde_json::from_value(long)?;
    tools.send_raw("HeapProfiler.collectGarbage", json!({})).await?;
    let metrics = tools.send_raw("Performance.getMetrics", json!({})).await?;
    let metric = |name: &str| {
        let metrics = metrics["metrics"].as_array().into_iter().flatten();
        let mut found = metrics.filter(|metric| metric["name"] == name);
        found
            .next()
            .and_then(|metric| metric["value"].as_f64())
            .context("a metric of Chromium")
    };
    let nodes = chromium
        .evaluate("return document.querySelectorAll('*').length")
        .await?;
    let busy = metric("TaskDuration")?;
    let sample = Sample {
        after_seconds: began.elapsed().as_secs(),
        heap_mib: metric("JSHeapUsedSize")? / 1_048_576.0,
        nodes: nodes.as_u64().context("a count")?,
        long_tasks: long.len() as u64,
        longest_task_ms: long.into_iter().fold(0.0, f64::max),
        busy_seconds: busy - busy_before,
    };
    Ok((sample, busy))
}
