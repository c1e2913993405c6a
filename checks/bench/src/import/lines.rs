//! A running import.

use std::{
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use reqwest::{RequestBuilder, header::CONTENT_TYPE};
use serde::Deserialize;
use tokio::task::JoinHandle;

use crate::system::test_users::{Group, TestUser};

/// An import that runs in its own task.
#[derive(Debug)]
pub(super) struct Import {
    lines: Arc<AtomicU64>,
    running: JoinHandle<anyhow::Result<Duration>>,
}

/// A line of the gateway's report.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    through_line: u64,
    changed: u64,
    done: Option<bool>,
}

impl Import {
    /// Starts to send the file.
    pub(super) fn begin(request: RequestBuilder, users: usize) -> Self {
        let lines = Arc::new(AtomicU64::new(0));
        let request = request
            .header(CONTENT_TYPE, "application/x-ndjson")
            .body(file(users));
        let running = tokio::spawn(send(request, Arc::clone(&lines), users));
        Self { lines, running }
    }

    /// The number of lines that are stored.
    pub(super) fn lines(&self) -> u64 {
        self.lines.load(Ordering::Relaxed)
    }

    pub(super) fn has_ended(&self) -> bool {
        self.running.is_finished()
    }

    /// Waits for the end, and returns how long the import took.
    pub(super) async fn end(self) -> anyhow::Result<Duration> {
        self.running.await?
    }
}

fn file(users: usize) -> String {
    Group::Backlog
        .users(users)
        .fold(String::new(), |mut file, user: TestUser| {
            let (id, email, number) = (user.id(), user.email(), user.number);
            let line = writeln!(
                file,
                r#"{{"userId":"{id}","email":"{email}","firstName":"Ada {number}","lastName":"Lovelace"}}"#
            );
            line.expect("writing to a string cannot fail");
            file
        })
}

async fn send(request: RequestBuilder, lines: Arc<AtomicU64>, users: usize) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let mut response = request.send().await?.error_for_status()?;
    let mut rest = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        rest.extend_from_slice(&chunk);
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            let report: Report = serde_json::from_slice(&line).context("a report")?;
            lines.store(report.through_line, Ordering::Relaxed);
            if let Some(done) = report.done {
                let all = u64::try_from(users)?;
                ensure!(
                    done && report.changed == all,
                    "the import ended early: {report:?}"
                );
                return Ok(began.elapsed());
            }
        }
    }
    anyhow::bail!("the answer ended without a summary")
}
