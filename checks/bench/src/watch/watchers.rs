//! Browsers, as far as the gateway can tell: each reads the events as fast as they come.

use anyhow::Context;
use serde::Serialize;
use tokio::{sync::watch, task::JoinSet};

use crate::stack::Stack;

/// What all of them got together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Watched {
    /// Bytes.
    pub bytes: u64,
    /// Frames of changes.
    pub frames: u64,
    /// Times that one of them missed frames.
    pub dropped: u64,
}

/// Those that watch.
pub(super) struct Watchers {
    end: watch::Sender<bool>,
    watching: JoinSet<anyhow::Result<Watched>>,
}

/// Begins to watch; comes back when all of them get events.
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
    /// Ends it.
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
                // A name that is cut by the end of a chunk is not counted; hardly any is.
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
