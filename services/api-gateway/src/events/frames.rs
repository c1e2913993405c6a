//! The frames of changes: the last ones are kept, and each is sent to all who watch.

use std::collections::VecDeque;

use serde::Serialize;
use tokio::sync::broadcast;

use super::collected::Collected;
use super::frame::{EventId, Frame, now};

/// So many frames are kept for a browser that was away for a moment: half a minute of them at the least.
const FRAMES_KEPT: usize = 150;
/// So many frames may wait for a browser before it misses some: three seconds of them at the least.
const FRAMES_WAITING: usize = 16;

/// See the module.
#[derive(Debug)]
pub(super) struct Frames {
    /// Drawn anew whenever listening begins, since what happened before it is not known.
    generation: u32,
    /// How many were made in it.
    made: u64,
    kept: VecDeque<Frame>,
    sender: broadcast::Sender<Frame>,
}

/// The data of a frame.
#[derive(Debug, Serialize)]
struct Changes<'a> {
    /// When it was made, since it may be given again later.
    at: String,
    #[serde(flatten)]
    collected: &'a Collected,
}

impl Default for Frames {
    fn default() -> Self {
        Self {
            generation: draw(),
            made: 0,
            kept: VecDeque::new(),
            sender: broadcast::Sender::new(FRAMES_WAITING),
        }
    }
}

impl Frames {
    /// Listening begins.
    pub(super) fn begin(&mut self) {
        self.generation = draw();
        self.made = 0;
        self.kept.clear();
    }

    /// Makes a frame of what was collected, and sends it.
    pub(super) fn publish(&mut self, collected: &Collected) {
        self.made += 1;
        let changes = Changes { at: now(), collected };
        let frame = Frame::new("changes", Some(self.last()), &changes);
        if self.kept.len() == FRAMES_KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(frame.clone());
        // Nobody may be there to get it.
        let _ = self.sender.send(frame);
    }

    /// The frames from now on.
    pub(super) fn subscribe(&self) -> broadcast::Receiver<Frame> {
        self.sender.subscribe()
    }

    /// The frame that was made last; where there is none yet, what the first one follows.
    pub(super) fn last(&self) -> EventId {
        EventId {
            generation: self.generation,
            number: self.made,
        }
    }

    /// The frames after that event; none where they are not all known.
    pub(super) fn after(&self, last: EventId) -> Option<Vec<Frame>> {
        let missed = self.made.checked_sub(last.number)?;
        let missed = usize::try_from(missed).ok()?;
        if last.generation != self.generation || missed > self.kept.len() {
            return None;
        }
        Some(self.kept.iter().skip(self.kept.len() - missed).cloned().collect())
    }
}

/// A number that no other listening has, of this gateway or another.
fn draw() -> u32 {
    uuid::Uuid::new_v4().as_fields().0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(count: usize) -> Frames {
        let mut frames = Frames::default();
        for _ in 0..count {
            frames.publish(&Collected::default());
        }
        frames
    }

    fn missed_after(frames: &Frames, number: u64) -> Option<usize> {
        let generation = frames.generation;
        let missed = frames.after(EventId { generation, number });
        missed.map(|missed| missed.len())
    }

    #[test]
    fn what_followed_an_event_is_given_again_while_all_of_it_is_kept() {
        let frames = frames(FRAMES_KEPT + 10);
        let made = frames.made;
        assert_eq!(missed_after(&frames, made), Some(0));
        assert_eq!(missed_after(&frames, made - 3), Some(3));
        assert_eq!(missed_after(&frames, 10), Some(FRAMES_KEPT));
        assert_eq!(missed_after(&frames, 9), None);
        assert_eq!(missed_after(&frames, made + 1), None);
    }

    #[test]
    fn an_event_of_an_earlier_listening_is_not_gone_on_from() {
        let mut frames = frames(3);
        let earlier = frames.last();
        frames.begin();
        assert_eq!(frames.after(earlier), None);
    }

    #[test]
    fn who_came_before_the_first_frame_is_given_it() {
        let mut frames = Frames::default();
        let first = frames.last();
        assert_eq!(frames.after(first), Some(Vec::new()));
        frames.publish(&Collected::default());
        assert_eq!(frames.after(first).map(|missed| missed.len()), Some(1));
    }
}
