//! Waits for a condition instead of for a time.

use std::fmt::Debug;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

/// Short enough to cost nothing, long enough not to load the machine.
const INTERVAL: Duration = Duration::from_millis(20);

/// What one look at the world showed.
pub enum Seen<T, S> {
    /// The condition holds.
    Done(T),
    /// Not yet; this is how things stand.
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

/// Looks again and again until the look yields `true`, `Some` or `Ok`, and returns what it found.
///
/// # Panics
///
/// When the ceiling is reached, saying what was waited for and what was last seen (the `Err`, where there is one).
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
    async fn what_was_found_is_returned() {
        let mut looks = 0;
        let found = until("three looks", CEILING, async || {
            looks += 1;
            (looks == 3).then_some(looks)
        });
        assert_eq!(found.await, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_bool_will_do() {
        let start = Instant::now();
        until("a second", CEILING, async || {
            start.elapsed() >= Duration::from_secs(1)
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    #[should_panic(expected = "waited 5s for the impossible; last seen: Some(7)")]
    async fn the_ceiling_is_told_with_what_was_last_seen() {
        until("the impossible", CEILING, async || Err::<(), _>(7)).await;
    }

    #[tokio::test(start_paused = true)]
    #[should_panic(expected = "the last look did not end")]
    async fn a_look_that_hangs_reaches_the_ceiling_too() {
        until("an answer", CEILING, async || {
            std::future::pending::<bool>().await
        })
        .await;
    }
}
