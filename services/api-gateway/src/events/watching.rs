//! One browser's view of the events.

use std::collections::VecDeque;

use bytes::Bytes;
use serde_json::json;
use tokio::sync::{
    broadcast::{self, error::RecvError},
    watch,
};

use super::Place;
use super::frame::{EventId, Frame, now};

/// The text that a browser gets, piece by piece. Its place is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Watching {
    _place: Place,
    /// What goes first.
    first: VecDeque<Frame>,
    changes: broadcast::Receiver<Frame>,
    status: watch::Receiver<Option<Frame>>,
}

impl Watching {
    /// `missed` are the frames since `follows`, the last event that the browser saw; none where they are not known, and then
    /// that is the one before all that come.
    pub(super) fn new(
        place: Place,
        follows: EventId,
        missed: Option<Vec<Frame>>,
        changes: broadcast::Receiver<Frame>,
        mut status: watch::Receiver<Option<Frame>>,
    ) -> Self {
        let hello = Frame::new(
            "hello",
            // One that sees nothing else before it goes away comes back with this.
            Some(follows),
            &json!({ "resumed": missed.is_some(), "at": now() }),
        );
        let mut first = VecDeque::from([hello]);
        first.extend(missed.into_iter().flatten());
        // How everything stood a moment ago, if anybody has looked.
        status.mark_changed();
        Self {
            _place: place,
            first,
            changes,
            status,
        }
    }

    /// The next piece of text; none when the gateway ends.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        if let Some(frame) = self.first.pop_front() {
            return Some(frame.text);
        }
        loop {
            tokio::select! {
                changes = self.changes.recv() => return match changes {
                    Ok(frame) => Some(frame.text),
                    Err(RecvError::Lagged(missed)) => Some(dropped(missed)),
                    Err(RecvError::Closed) => None,
                },
                changed = self.status.changed() => {
                    changed.ok()?;
                    if let Some(frame) = &*self.status.borrow_and_update() {
                        return Some(frame.text.clone());
                    }
                }
            }
        }
    }
}

/// The browser did not keep up.
fn dropped(frames: u64) -> Bytes {
    Frame::new("dropped", None, &json!({ "frames": frames })).text
}
