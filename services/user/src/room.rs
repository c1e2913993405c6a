//! How many more wake-ups the stream has room for.
//!
//! Announced beyond that, a user would be refused by the stream and be due only when its wake-up comes, a minute later:
//! a backlog would drain in bursts with long pauses. So nobody is announced without a place, and who gets none is due
//! at once, for the sweep to announce in its turn.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use contracts::subjects::WINDOW;

/// Places in the stream. Clones share them.
#[derive(Debug, Clone)]
pub struct StreamCapacity {
    counts: Arc<Counts>,
}

/// Counted since the start, so that what the stream shows and what is on its way are never mixed up.
#[derive(Debug)]
struct Counts {
    /// How many announcements may have begun.
    granted: AtomicU64,
    /// Announcements begun.
    begun: AtomicU64,
    /// Announcements that ended, as they may.
    ended: AtomicU64,
}

impl Default for StreamCapacity {
    /// An empty stream's.
    fn default() -> Self {
        Self::of(WINDOW)
    }
}

impl StreamCapacity {
    /// So many places.
    pub fn of(places: u64) -> Self {
        let count = AtomicU64::new;
        Self {
            counts: Arc::new(Counts {
                granted: count(places),
                begun: count(0),
                ended: count(0),
            }),
        }
    }

    /// The places that are left.
    pub fn left(&self) -> u64 {
        let granted = self.counts.granted.load(Ordering::Acquire);
        granted.saturating_sub(self.counts.begun.load(Ordering::Acquire))
    }

    /// So many announcements begin.
    pub(crate) fn begin(&self, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.counts.begun.fetch_add(count, Ordering::AcqRel);
    }

    /// An announcement ended: what the stream took of it shows in the stream.
    pub(crate) fn end(&self) {
        self.counts.ended.fetch_add(1, Ordering::AcqRel);
    }

    /// How many announcements have ended. Asked before the stream is, so that none is overlooked by both.
    pub(crate) fn ended(&self) -> u64 {
        self.counts.ended.load(Ordering::Acquire)
    }

    /// The stream holds so many wake-ups, those of the first `ended` announcements among them.
    pub(crate) fn learn(&self, ended: u64, held: u64) {
        let granted = ended + WINDOW.saturating_sub(held);
        self.counts.granted.store(granted, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announcements_on_their_way_take_places_that_the_stream_still_shows_as_free() {
        let room = StreamCapacity::of(3);
        room.begin(2);
        assert_eq!(room.left(), 1);
        room.learn(room.ended(), WINDOW - 3);
        assert_eq!(room.left(), 1);
        room.end();
        room.end();
        assert_eq!(room.left(), 1, "an end frees nothing");
        room.learn(room.ended(), WINDOW - 1);
        assert_eq!(room.left(), 1);
    }

    #[test]
    fn a_stream_that_is_overfull_has_no_place() {
        let room = StreamCapacity::default();
        room.begin(10);
        room.learn(room.ended(), WINDOW + 5);
        assert_eq!(room.left(), 0);
    }
}
