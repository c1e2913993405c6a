//! Keeps the latest events of changes, so that a browser that was away for a moment gets those it missed, and sends new ones to
//! all browsers.

use std::collections::VecDeque;

use axum::response::sse::Event;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::broadcast;

use super::change_batch::ChangeBatch;
use super::sse::{self, EventId, now};

/// How many events are kept: those of at least half a minute.
const MAX_KEPT: usize = 150;
/// How many events may wait for one browser before it misses some: those of at least three seconds.
const MAX_WAITING: usize = 16;

/// The events of changes in the current session.
#[derive(Debug)]
pub(super) struct ChangeHistory {
    /// A random number that is drawn whenever listening begins: events before that are not known.
    session: u32,
    /// How many events the session has had.
    count: u64,
    kept: VecDeque<Event>,
    sender: broadcast::Sender<Event>,
}

/// Changes since the event before: all are counted, some users are named. The event has an id.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ChangesData<'a> {
    /// When the event was made, by the clock of the gateway. A caller that resumes gets it later.
    at: String,
    /// The changes.
    #[serde(flatten)]
    batch: &'a ChangeBatch,
}

impl Default for ChangeHistory {
    fn default() -> Self {
        Self {
            session: random_session(),
            count: 0,
            kept: VecDeque::new(),
            sender: broadcast::Sender::new(MAX_WAITING),
        }
    }
}

impl ChangeHistory {
    /// Starts a new session without events.
    pub(super) fn begin_session(&mut self) {
        self.session = random_session();
        self.count = 0;
        self.kept.clear();
    }

    /// Makes an event of the batch, keeps it and sends it.
    pub(super) fn publish(&mut self, batch: &ChangeBatch) {
        self.count += 1;
        let data = ChangesData { at: now(), batch };
        let event = sse::event("changes", Some(self.last_id()), &data);
        if self.kept.len() == MAX_KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(event.clone());
        // An error means that no browser watches right now.
        let _ = self.sender.send(event);
    }

    /// The channel of all events from now on.
    pub(super) fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.sender.subscribe()
    }

    /// The id of the latest event; before the first event, the id that it follows.
    pub(super) fn last_id(&self) -> EventId {
        EventId {
            session: self.session,
            number: self.count,
        }
    }

    /// The events after that one; `None` where some of them are no longer known.
    pub(super) fn after(&self, last: EventId) -> Option<Vec<Event>> {
        let missed = self.count.checked_sub(last.number)?;
        let missed = usize::try_from(missed).ok()?;
        if last.session != self.session || missed > self.kept.len() {
            return None;
        }
        Some(self.kept.iter().skip(self.kept.len() - missed).cloned().collect())
    }
}

/// A number that no other session of this or another gateway has.
fn random_session() -> u32 {
    uuid::Uuid::new_v4().as_fields().0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(count: usize) -> ChangeHistory {
        let mut history = ChangeHistory::default();
        for _ in 0..count {
            history.publish(&ChangeBatch::default());
        }
        history
    }

    fn missed_after(history: &ChangeHistory, number: u64) -> Option<usize> {
        let session = history.session;
        let missed = history.after(EventId { session, number });
        missed.map(|missed| missed.len())
    }

    #[test]
    fn missed_events_are_given_while_all_of_them_are_kept() {
        let history = history(MAX_KEPT + 10);
        let count = history.count;
        assert_eq!(missed_after(&history, count), Some(0));
        assert_eq!(missed_after(&history, count - 3), Some(3));
        assert_eq!(missed_after(&history, 10), Some(MAX_KEPT));
        assert_eq!(missed_after(&history, 9), None);
        assert_eq!(missed_after(&history, count + 1), None);
    }

    #[test]
    fn an_event_of_an_earlier_session_cannot_be_resumed_from() {
        let mut history = history(3);
        let earlier = history.last_id();
        history.begin_session();
        assert!(history.after(earlier).is_none());
    }

    #[test]
    fn a_browser_that_came_before_the_first_event_gets_it() {
        let mut history = ChangeHistory::default();
        let first = history.last_id();
        assert_eq!(history.after(first).map(|missed| missed.len()), Some(0));
        history.publish(&ChangeBatch::default());
        assert_eq!(history.after(first).map(|missed| missed.len()), Some(1));
    }
}
