//! Faults of the account stop the line: nothing is sent but a gentle probe, until one shows that the fault is over.
//!
//! What stops it: 401, no access token, missing scopes, the daily quota, 477, a 404 for the path as a whole, no
//! connection, a property that cannot be used, calls that fail for different records with no write succeeding in
//! between, and twenty different records running that are refused alike.

mod fault;
mod proof;
mod runs;

#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, time::Duration};

use contracts::{Field, FieldSet, Reason, UserId};

use super::{Call, Response};
pub use fault::HaltCause;
pub(crate) use fault::fault_of;
pub(crate) use proof::RecoveryCheck;
use runs::RejectionStreaks;

/// The state of the line, for health, metrics and logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkerStatus {
    /// The account is not known yet.
    Starting,
    /// Another worker holds the lease, or nobody answered the question for it.
    Standby,
    /// The links belong to another account; an operator must decide.
    OtherAccount {
        /// The account the links belong to.
        remembered: String,
    },
    /// Delivering.
    Running,
    /// Paused by an operator, until it is resumed.
    Paused,
    /// Stopped by a fault of the account.
    Halted {
        /// Why.
        cause: HaltCause,
        /// In HubSpot's words.
        reason: Reason,
    },
}

impl WorkerStatus {
    /// The names of all states.
    pub const NAMES: [&str; 6] = [
        "starting",
        "standby",
        "other_account",
        "running",
        "paused",
        "stopped",
    ];

    /// A short name for metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Standby => "standby",
            Self::OtherAccount { .. } => "other_account",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Halted { .. } => "stopped",
        }
    }

    /// A sentence for people: what it is and how it mends.
    pub fn message(&self) -> String {
        match self {
            Self::Starting => "asking HubSpot for the account".to_owned(),
            Self::Standby => "standing by for the lease".to_owned(),
            Self::Running => "delivering".to_owned(),
            Self::Paused => {
                "paused by an operator; DELETE /sync/pause at the gateway lets it go on".to_owned()
            }
            Self::OtherAccount { remembered } => format!(
                "users are linked to contacts of the HubSpot account {remembered}, but the token opens another \
                 one; use a token of that account, or drop the links"
            ),
            Self::Halted { cause: fault, .. } => fault.message(),
        }
    }

    /// Whether the other tells people nothing new: each probe that fails has its own correlation id and words.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Halted { cause: fault, reason },
                Self::Halted {
                    cause: other_fault,
                    reason: other_reason,
                },
            ) => fault == other_fault && reason.code == other_reason.code,
            _ => self == other,
        }
    }
}

/// Why the line is to stop, and how to find out that it may go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grounds {
    pub(crate) fault: HaltCause,
    pub(crate) reason: Reason,
    /// The wait that HubSpot asks for.
    pub(crate) asked: Option<Duration>,
    /// What a probe has to do.
    pub(crate) proof: RecoveryCheck,
    /// Records that met the fault, to probe with.
    pub(crate) suspects: Vec<UserId>,
}

/// A stopped line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) fault: HaltCause,
    pub(crate) reason: Reason,
    pub(crate) probe_at: Duration,
    proof: RecoveryCheck,
    suspects: BTreeSet<UserId>,
    /// How many probes failed.
    probes: u32,
}

impl Stop {
    /// Whether that answer to a probe shows that the fault is over.
    pub(crate) fn is_over(&self, call: &Call, answer: &Response) -> bool {
        self.proof.is_passed_by(call, answer)
    }

    /// Whether a question for the account shows that the fault is over, so that no record is needed.
    pub(crate) fn is_probed_by_account(&self) -> bool {
        self.fault.is_probed_by_account() || self.proof == RecoveryCheck::Account
    }

    /// Whether that is a record to probe with now. The first probe is of a record that met the fault; where such a
    /// record may be guilty itself, every other one is not.
    pub(crate) fn is_probe(&self, user: &UserId) -> bool {
        let of_others = self.fault.is_probed_by_others() && self.probes % 2 == 1;
        self.suspects.contains(user) != of_others
    }

    /// Whether that record met the fault.
    pub(crate) fn is_suspect(&self, user: &UserId) -> bool {
        self.suspects.contains(user)
    }
}

/// Longest wait taken from a `Retry-After`, so that an early end of it is noticed.
const LONGEST_ASKED: Duration = Duration::from_hours(1);
/// The most failed calls remembered; two without a record in common stop the line, so more teach nothing.
const REMEMBERED_FAILURES: usize = 8;

/// Whether calls may be made.
#[derive(Debug, Default)]
pub(crate) struct Line {
    stop: Option<Stop>,
    /// How often it stopped since a write succeeded; the wait doubles with it.
    stops: u32,
    /// Whether the answer in hand is a probe's.
    pub(crate) probing: bool,
    /// The records of the calls that failed since one succeeded.
    failed: Vec<BTreeSet<UserId>>,
    runs: RejectionStreaks,
}

impl Line {
    pub(crate) fn stopped(&self) -> Option<&Stop> {
        self.stop.as_ref()
    }

    /// Whether the next call is the account's details, as a probe.
    pub(crate) fn wants_account(&self, now: Duration) -> bool {
        self.stop
            .as_ref()
            .is_some_and(|stop| stop.is_probed_by_account() && stop.probe_at <= now)
    }

    /// How many records may be out: none while stopped, one when a probe is due.
    pub(crate) fn allowance(&self, now: Duration) -> usize {
        match &self.stop {
            None => usize::MAX,
            Some(stop) if !stop.is_probed_by_account() && stop.probe_at <= now => 1,
            Some(_) => 0,
        }
    }

    /// Stops. Calls that come back while it is stopped already change nothing, but a probe does; and whoever meets the
    /// refusal that stopped it is one of those it stopped for.
    pub(crate) fn stop(&mut self, now: Duration, grounds: Grounds) {
        if let Some(stop) = self.stop.as_mut().filter(|_| !self.probing) {
            if stop.fault == grounds.fault && matches!(stop.fault, HaltCause::RejectsEveryRecord(_)) {
                stop.suspects.extend(grounds.suspects);
            }
            return;
        }
        self.failed.clear();
        let before = self.stop.take().filter(|stop| stop.fault == grounds.fault);
        let proof = match grounds.proof {
            RecoveryCheck::Account => RecoveryCheck::Account,
            proof => grounds.fault.proof().unwrap_or(proof),
        };
        let (suspects, probes) = match before {
            Some(stop) => (stop.suspects, stop.probes + 1),
            None => (BTreeSet::new(), 0),
        };
        let probe_at = now + self.wait(&grounds, probes);
        let mut stop = Stop {
            fault: grounds.fault,
            reason: grounds.reason,
            probe_at,
            proof,
            suspects,
            probes,
        };
        // Whoever a probe fails with is no witness any more, so that in the end one is found who is innocent.
        stop.suspects.extend(grounds.suspects);
        self.stop = Some(stop);
    }

    /// How long to wait for the next probe. It doubles; but where a record that met the fault has failed again, another
    /// one follows soon, for the first may be guilty itself.
    fn wait(&mut self, grounds: &Grounds, probes: u32) -> Duration {
        let (first, longest) = grounds.fault.waits();
        if let Some(asked) = grounds.asked {
            return asked.min(LONGEST_ASKED).max(first);
        }
        if grounds.fault.is_probed_by_others() && probes % 2 == 1 {
            return first;
        }
        let factor = 2_u32.checked_pow(self.stops).unwrap_or(u32::MAX);
        self.stops = self.stops.saturating_add(1);
        first.saturating_mul(factor).min(longest)
    }

    /// A probe of that record, or of none, showed that the fault is over.
    pub(crate) fn resume(&mut self, user: Option<&UserId>) {
        if let Some(stop) = self.stop.take()
            && user.is_some_and(|user| !stop.is_suspect(user))
        {
            self.runs.exclude(&stop.suspects);
        }
        self.failed.clear();
    }

    /// The fault of a token is probed at once when the token is replaced.
    pub(crate) fn probe_now(&mut self, now: Duration) {
        if let Some(stop) = &mut self.stop {
            stop.probe_at = now;
        }
    }

    /// A write of these fields succeeded.
    pub(crate) fn succeeded(&mut self, fields: FieldSet) {
        self.failed.clear();
        self.runs.record_success(fields);
        if self.stop.is_none() {
            self.stops = 0;
        }
    }

    /// A call for these records failed: whether no record alone can be blamed for the failures since the last success.
    pub(crate) fn failed(&mut self, records: BTreeSet<UserId>) -> bool {
        if self.failed.iter().any(|earlier| earlier.is_disjoint(&records)) {
            return true;
        }
        if self.failed.len() < REMEMBERED_FAILURES {
            self.failed.push(records);
        }
        false
    }

    /// A record's field was refused. Returns the records that were refused alike running, if that makes it everyone.
    pub(crate) fn refused(&mut self, field: Field, code: &str, user: &UserId) -> Option<BTreeSet<UserId>> {
        self.runs.record_rejection(field, code, user)
    }
}
