//! How many more wake-ups the stream takes.
//!
//! The stream rejects a wake-up that it has no space for, and its user would then be due a minute later. A backlog would drain in
//! bursts with long pauses. So a wake-up is published only into space that is reserved for it, and a user for whom there is no
//! space is due at once, so that the sweep publishes the wake-up in its turn.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use contracts::subjects::WINDOW;

/// The space left in the stream. Clones share it.
#[derive(Debug, Clone)]
pub struct StreamCapacity {
    counts: Arc<Counts>,
}

/// Totals since the start. Totals only grow, so the number of wake-ups that the stream shows and the number of those on their way
/// to it are never mixed up.
#[derive(Debug)]
struct Counts {
    /// How many wake-ups may have been reserved.
    allowed: AtomicU64,
    /// How many were reserved.
    reserved: AtomicU64,
    /// How many of them were published or given up.
    released: AtomicU64,
}

impl Default for StreamCapacity {
    /// The capacity of an empty stream.
    fn default() -> Self {
        Self::of(WINDOW)
    }
}

impl StreamCapacity {
    /// A stream that takes `wake_ups` more.
    pub fn of(wake_ups: u64) -> Self {
        let count = AtomicU64::new;
        Self {
            counts: Arc::new(Counts {
                allowed: count(wake_ups),
                reserved: count(0),
                released: count(0),
            }),
        }
    }

    /// How many more wake-ups may be published.
    pub fn available(&self) -> u64 {
        let allowed = self.counts.allowed.load(Ordering::Acquire);
        allowed.saturating_sub(self.counts.reserved.load(Ordering::Acquire))
    }

    /// Reserves space for wake-ups that are about to be published.
    pub fn reserve(&self, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.counts.reserved.fetch_add(count, Ordering::AcqRel);
    }

    /// Counts a wake-up that was published or given up. That frees no space, because a published one is in the stream now.
    pub fn release(&self) {
        self.counts.released.fetch_add(1, Ordering::AcqRel);
    }

    /// How many wake-ups were published or given up. Read it before the number of messages in the stream, so that each wake-up
    /// counts as on its way or as in the stream, or as both.
    pub fn released(&self) -> u64 {
        self.counts.released.load(Ordering::Acquire)
    }

    /// Updates the capacity from the stream, which holds `held` wake-ups. They include those of the first `released` ones
    /// that it accepted and still has.
    pub fn update(&self, released: u64, held: u64) {
        let allowed = released + WINDOW.saturating_sub(held);
        self.counts.allowed.store(allowed, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wake_ups_on_their_way_take_space_that_the_stream_still_shows_as_free() {
        let capacity = StreamCapacity::of(3);
        capacity.reserve(2);
        assert_eq!(capacity.available(), 1);
        capacity.update(capacity.released(), WINDOW - 3);
        assert_eq!(capacity.available(), 1);
        capacity.release();
        capacity.release();
        assert_eq!(capacity.available(), 1, "a release frees nothing");
        capacity.update(capacity.released(), WINDOW - 1);
        assert_eq!(capacity.available(), 1);
    }

    #[test]
    fn an_overfull_stream_has_no_space() {
        let capacity = StreamCapacity::default();
        capacity.reserve(10);
        capacity.update(capacity.released(), WINDOW + 5);
        assert_eq!(capacity.available(), 0);
    }
}
