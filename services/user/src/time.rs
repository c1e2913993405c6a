//! The wall clock, and times as the API shows them.

use std::{
    fmt,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::rules::UnixMs;

/// The clock that rows use: this machine's, unless a test passes another one. Clones show the same time.
#[derive(Clone)]
pub struct Clock {
    read: Arc<dyn Fn() -> UnixMs + Send + Sync>,
}

impl Clock {
    /// A clock that shows what the function returns.
    pub fn new(read: impl Fn() -> UnixMs + Send + Sync + 'static) -> Self {
        Self { read: Arc::new(read) }
    }

    /// The current time.
    pub fn now(&self) -> UnixMs {
        (self.read)()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new(now_unix_ms)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Clock").field(&self.now()).finish()
    }
}

/// The time by this machine's clock.
pub(crate) fn now_unix_ms() -> UnixMs {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMs::try_from(since.as_millis()).unwrap_or(UnixMs::MAX)
}

/// By how much another clock is ahead of this machine's, less the time between the request and its answer, which could explain
/// a part of the difference.
pub(crate) fn difference_ms(asked: UnixMs, theirs: UnixMs, answered: UnixMs) -> UnixMs {
    let ahead = theirs.saturating_sub(answered).max(0);
    let behind = asked.saturating_sub(theirs).max(0);
    ahead - behind
}

/// RFC 3339 in UTC with milliseconds.
pub(crate) fn rfc3339(at: UnixMs) -> String {
    let timestamp = jiff::Timestamp::from_millisecond(at).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("{timestamp:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_on_the_way_is_no_difference_of_clocks() {
        assert_eq!(difference_ms(1_000, 1_300, 1_900), 0);
        assert_eq!(difference_ms(1_000, 3_900, 1_900), 2_000);
        assert_eq!(difference_ms(5_000, 1_000, 5_900), -4_000);
    }
}
