//! The clock that stamps requests, and by how much the wall clocks of the answering services differ from ours.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The clocks of one connection.
#[derive(Debug)]
pub struct Clocks {
    /// The sending clock. It never steps, and it does not have to agree with any other clock: a service compares each stamp with
    /// earlier ones of the same clock, and so knows how long a request was in transit.
    started: Instant,
    sending_id: AtomicU64,
    /// How many milliseconds the clock of each service was ahead of ours in its latest answer.
    ahead_ms: Mutex<HashMap<&'static str, i64>>,
}

impl Default for Clocks {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            sending_id: AtomicU64::new(rand::random()),
            ahead_ms: Mutex::default(),
        }
    }
}

impl Clocks {
    /// The stamp of a request that is sent now.
    pub(super) fn stamp(&self) -> String {
        let id = self.sending_id.load(Ordering::Relaxed);
        format!("{id:x} {}", self.started.elapsed().as_millis())
    }

    /// Gives the sending clock a new id, so that services do not compare its stamps with earlier ones. Call it when a service
    /// rejects a request as late although the answer came in time: then this machine was suspended, and its clock stood still.
    pub fn renew_sending_clock(&self) {
        self.sending_id.store(rand::random(), Ordering::Relaxed);
    }

    /// Updates the difference from the wall time in an answer and our own times of request and answer.
    pub(super) fn observe(&self, subject: &'static str, asked_ms: u64, theirs_ms: u64, answered_ms: u64) {
        let ahead_ms = difference(asked_ms, theirs_ms, answered_ms);
        let mut services = self.ahead_ms.lock().unwrap_or_else(PoisonError::into_inner);
        services.insert(service_of(subject), ahead_ms);
    }

    /// How many milliseconds the clock of the service that answers `subject` was ahead of ours in its latest answer; negative if
    /// it was behind, none before the first answer. Differences that the time in transit can explain count as zero.
    pub fn ahead_ms(&self, subject: &'static str) -> Option<i64> {
        let services = self.ahead_ms.lock().unwrap_or_else(PoisonError::into_inner);
        services.get(service_of(subject)).copied()
    }
}

/// The service that answers a subject, by the first word of the subject.
fn service_of(subject: &'static str) -> &'static str {
    subject.split_once('.').map_or(subject, |(service, _)| service)
}

fn difference(asked_ms: u64, theirs_ms: u64, answered_ms: u64) -> i64 {
    let signed = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
    let ahead = signed(theirs_ms.saturating_sub(answered_ms));
    let behind = signed(asked_ms.saturating_sub(theirs_ms));
    ahead - behind
}

/// Our wall time in milliseconds since 1970.
pub(super) fn now_unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renewed_sending_clock_has_another_id_and_goes_on() {
        let clocks = Clocks::default();
        let stamp = || {
            let stamp = clocks.stamp();
            let (id, ms) = stamp.split_once(' ').expect("two parts");
            (id.to_owned(), ms.parse::<u64>().expect("a number"))
        };
        let (first, second) = (stamp(), stamp());
        assert_eq!(first.0, second.0);
        clocks.renew_sending_clock();
        let third = stamp();
        assert_ne!(third.0, first.0);
        assert!(third.1 >= first.1);
    }

    #[test]
    fn each_service_has_a_clock_of_its_own() {
        let clocks = Clocks::default();
        clocks.observe("users.get", 1_000, 3_900, 1_900);
        clocks.observe("hubspot.compare", 1_000, 1_300, 1_900);
        assert_eq!(clocks.ahead_ms("users.update"), Some(2_000));
        assert_eq!(clocks.ahead_ms("hubspot.compare"), Some(0));
        assert_eq!(clocks.ahead_ms("other.x"), None);
    }

    #[test]
    fn the_time_on_the_way_is_no_difference() {
        assert_eq!(difference(1_000, 1_300, 1_900), 0);
        assert_eq!(difference(1_000, 3_900, 1_900), 2_000);
        assert_eq!(difference(5_000, 1_000, 5_900), -4_000);
    }
}
