//! The events of one browser.

use std::collections::VecDeque;

use axum::response::sse::Event;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::{
    broadcast::{self, error::RecvError},
    watch,
};

use super::SubscriberPlace;
use super::sse::{self, EventId, now};

/// The events that one browser gets. Its place becomes free when this is dropped.
#[derive(Debug)]
pub(crate) struct Subscription {
    _place: SubscriberPlace,
    /// The greeting and the missed events; they are sent before all others.
    first: VecDeque<Event>,
    changes: broadcast::Receiver<Event>,
    status: watch::Receiver<Option<Event>>,
}

/// The first event of a stream.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Hello {
    /// Whether every event since `Last-Event-ID`, or `last`, follows.
    resumed: bool,
    /// The time by the clock of the gateway.
    at: String,
}

/// The caller did not keep up.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Dropped {
    /// How many `changes` events the caller missed.
    frames: u64,
}

impl Subscription {
    /// `missed` are the events after `follows`, the last one that the browser saw. If they are not known, `follows` is the
    /// latest event instead, and the browser starts without them.
    pub(super) fn new(
        place: SubscriberPlace,
        follows: EventId,
        missed: Option<Vec<Event>>,
        changes: broadcast::Receiver<Event>,
        mut status: watch::Receiver<Option<Event>>,
    ) -> Self {
        let hello = sse::event(
            "hello",
            // A browser that loses the connection before any change comes back with this id and misses nothing.
            Some(follows),
            &Hello {
                resumed: missed.is_some(),
                at: now(),
            },
        );
        let mut first = VecDeque::from([hello]);
        first.extend(missed.into_iter().flatten());
        // A new receiver waits for the next status; this makes it send the one that is there as well.
        status.mark_changed();
        Self {
            _place: place,
            first,
            changes,
            status,
        }
    }

    /// The next event; `None` when the gateway ends.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        if let Some(event) = self.first.pop_front() {
            return Some(event);
        }
        loop {
            tokio::select! {
                changes = self.changes.recv() => return match changes {
                    Ok(event) => Some(event),
                    // The browser did not keep up; the channel has overwritten the oldest events.
                    Err(RecvError::Lagged(missed)) => Some(dropped(missed)),
                    Err(RecvError::Closed) => None,
                },
                changed = self.status.changed() => {
                    changed.ok()?;
                    if let Some(event) = &*self.status.borrow_and_update() {
                        return Some(event.clone());
                    }
                }
            }
        }
    }
}

/// The event with the number of events of changes that the browser missed.
fn dropped(frames: u64) -> Event {
    sse::event("dropped", None, &Dropped { frames })
}
