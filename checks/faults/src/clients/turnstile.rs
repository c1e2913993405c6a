//! Lets only so many changes of one user be on their way together.
//!
//! The user service remembers the last eight idempotency keys of a user. Within that promise a repeat is answered with
//! the version of its first sending, so that the ledger knows the version of every change.

use std::collections::BTreeSet;

use tokio::sync::watch;

/// Between a change and its repeat come at most so many that began before it, and as many that began after it:
/// fewer than the keys that are remembered.
const MOST_BEGUN_AFTER: u64 = 3;

/// The turnstile of one user.
#[derive(Debug)]
pub(super) struct Turnstile {
    begun: watch::Sender<Begun>,
}

#[derive(Debug, Default)]
struct Begun {
    next: u64,
    unanswered: BTreeSet<u64>,
}

/// A change on its way; dropping it says that it was answered.
#[derive(Debug)]
pub(super) struct Passed<'a> {
    turnstile: &'a Turnstile,
    number: u64,
}

impl Default for Turnstile {
    fn default() -> Self {
        Self {
            begun: watch::Sender::new(Begun::default()),
        }
    }
}

impl Turnstile {
    /// Waits for a turn.
    pub(super) async fn pass(&self) -> Passed<'_> {
        let mut watched = self.begun.subscribe();
        loop {
            if let Some(number) = self.try_pass() {
                return Passed {
                    turnstile: self,
                    number,
                };
            }
            // The sender is ours.
            let _ = watched.changed().await;
        }
    }

    fn try_pass(&self) -> Option<u64> {
        let mut passed = None;
        self.begun.send_if_modified(|begun| {
            let oldest = begun.unanswered.first().copied().unwrap_or(begun.next);
            if begun.next - oldest > MOST_BEGUN_AFTER {
                return false;
            }
            passed = Some(begun.next);
            begun.unanswered.insert(begun.next);
            begun.next += 1;
            false
        });
        passed
    }
}

impl Drop for Passed<'_> {
    fn drop(&mut self) {
        self.turnstile.begun.send_modify(|begun| {
            begun.unanswered.remove(&self.number);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_so_many_begin_after_one_without_an_answer() {
        let turnstile = Turnstile::default();
        let oldest = turnstile.pass().await;
        for _ in 0..MOST_BEGUN_AFTER {
            drop(turnstile.pass().await);
        }
        let waits = tokio::time::timeout(Duration::from_secs(1), turnstile.pass());
        assert!(waits.await.is_err());
        let (next, ()) = tokio::join!(turnstile.pass(), async { drop(oldest) });
        assert_eq!(next.number, MOST_BEGUN_AFTER + 1);
    }
}
