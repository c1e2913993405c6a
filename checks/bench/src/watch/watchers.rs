//! Readers of the event stream, which are browsers to the gateway. Each reads events as fast as they arrive.

use anyhow::Context;
use serde::Serialize;
use tokio::{sync::watch, task::JoinSet};

use crate::system::stack::Stack;

/// The data that all readers received together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Watched {
    /// The number of bytes.
    pub bytes: u64,
    /// The number of frames with changes.
    pub frames: u64,
    /// How often the gateway dropped frames for a reader.
    pub dropped: u64,
}

/// Running readers.
pub(super) struct Watchers {
    end: watch::Sender<bool>,
    watching: JoinSet<anyhow::Result<Watched>>,
}

/// Starts the readers, and returns when all of them receive events.
pub(super) async fn begin(stack: &Stack, browsers: usize) -> anyhow::Result<Watchers> {
    let (end, ended) = watch::channel(false);
    let mut watching = JoinSet::new();
    for _ in 0..browsers {
        let response = stack.events_request().send().await?.error_for_status()?;
        watching.spawn(watch_until(response, ended.clone()));
    }
    Ok(Watchers { end, watching })
}

impl Watchers {
    /// Stops the readers and returns the figures.
    pub(super) async fn end(mut self) -> anyhow::Result<Watched> {
        self.end.send_replace(true);
        let mut total = Watched::default();
        while let Some(watched) = self.watching.join_next().await {
            let watched = watched??;
            total.bytes += watched.bytes;
            total.frames += watched.frames;
            total.dropped += watched.dropped;
        }
        Ok(total)
    }
}

async fn watch_until(
    mut response: reqwest::Response,
    mut ended: watch::Receiver<bool>,
) -> anyhow::Result<Watched> {
    let mut watched = Watched::default();
    loop {
        tokio::select! {
            chunk = response.chunk() => {
                let chunk = chunk?.context("the events ended")?;
                watched.bytes += chunk.len() as u64;
                // A name that is split between two chunks is not counted, which is rare.
                watched.frames += count(&chunk, b"event: changes");
                watched.dropped += count(&chunk, b"event: dropped");
            }
            _ = ended.wait_for(|ended| *ended) => return Ok(watched),
        }
    }
}

fn count(text: &[u8], words: &[u8]) -> u64 {
    text.windows(words.len())
        .filter(|window| *window == words)
        .count() as u64
}
