//! An import on its way.

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

use crate::people::{Group, Person};

/// It goes on by itself.
#[derive(Debug)]
pub(super) struct Import {
    lines: Arc<AtomicU64>,
    running: JoinHandle<anyhow::Result<Duration>>,
}

/// A line of the answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    through_line: u64,
    changed: u64,
    done: Option<bool>,
}

impl Import {
    /// Sends the file.
    pub(super) fn begin(request: RequestBuilder, users: usize) -> Self {
        let lines = Arc::new(AtomicU64::new(0));
        let request = request
            .header(CONTENT_TYPE, "application/x-ndjson")
            .body(file(users));
        let running = tokio::spawn(send(request, Arc::clone(&lines), users));
        Self { lines, running }
    }

    /// How many lines are on disk.
    pub(super) fn lines(&self) -> u64 {
        self.lines.load(Ordering::Relaxed)
    }

    pub(super) fn has_ended(&self) -> bool {
        self.running.is_finished()
    }

    /// How long it took.
    pub(super) async fn end(self) -> anyhow::Result<Duration> {
        self.running.await?
    }
}

fn file(users: usize) -> String {
    Group::Backlog
        .people(users)
        .fold(String::new(), |mut file, person: Person| {
            let (id, email, number) = (person.id(), person.email(), person.number);
            let line = writeln!(
                file,
                r#"{{"userId":"{id}","email":"{email}","firstName":"Ada {number}","lastName":"Lovelace"}}"#
            );
            line.expect("a text takes any line");
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
