//! Waits for conditions.

use std::fmt::Debug;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

/// The time between two checks: short enough to lose no time, and long enough not to load the machine.
const INTERVAL: Duration = Duration::from_millis(20);

/// The result of one check.
pub enum Seen<T, S> {
    /// The condition holds.
    Done(T),
    /// The condition does not hold yet; with what was seen.
    NotYet(S),
}

impl From<bool> for Seen<(), &'static str> {
    fn from(holds: bool) -> Self {
        if holds {
            Self::Done(())
        } else {
            Self::NotYet("it does not hold")
        }
    }
}

impl<T> From<Option<T>> for Seen<T, &'static str> {
    fn from(found: Option<T>) -> Self {
        found.map_or(Self::NotYet("nothing"), Self::Done)
    }
}

impl<T, S> From<Result<T, S>> for Seen<T, S> {
    fn from(result: Result<T, S>) -> Self {
        result.map_or_else(Self::NotYet, Self::Done)
    }
}

/// Repeats a check until it returns `true`, `Some` or `Ok`, and returns the value.
///
/// # Panics
///
/// After the ceiling. The message says what it waited for and what it saw last (the `Err`, if the check returns one).
pub async fn until<T, S: Debug, L: Into<Seen<T, S>>>(
    what: &str,
    ceiling: Duration,
    mut look: impl AsyncFnMut() -> L,
) -> T {
    let deadline = Instant::now() + ceiling;
    let mut last = None;
    loop {
        let Ok(seen) = timeout_at(deadline, look()).await else {
            panic!("waited {ceiling:?} for {what}; the last look did not end; last seen before: {last:?}")
        };
        match seen.into() {
            Seen::Done(found) => return found,
            Seen::NotYet(seen) => last = Some(seen),
        }
        assert!(
            Instant::now() < deadline,
            "waited {ceiling:?} for {what}; last seen: {last:?}"
        );
        sleep(INTERVAL).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CEILING: Duration = Duration::from_secs(5);

    #[tokio::test(start_paused = true)]
    async fn the_value_of_the_check_is_returned() {
        let mut looks = 0;
        let found = until("three looks", CEILING, async || {
            looks += 1;
            (looks == 3).then_some(looks)
        });
        assert_eq!(found.await, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_can_return_a_bool() {
        let start = Instant::now();
        until("a second", CEILING, async || {
            start.elapsed() >= Duration::from_secs(1)
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    #[should_panic(expected = "waited 5s for the impossible; last seen: Some(7)")]
    async fn the_message_contains_the_last_seen_value() {
        until("the impossible", CEILING, async || Err::<(), _>(7)).await;
    }

    #[tokio::test(start_paused = true)]
    #[should_panic(expected = "the last look did not end")]
    async fn a_check_that_hangs_ends_at_the_ceiling() {
        until("an answer", CEILING, async || {
            std::future::pending::<bool>().await
        })
        .await;
    }
}
