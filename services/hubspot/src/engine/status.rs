//! Whether this worker delivers, and why not, for health, metrics, logs and people.

use contracts::{FieldDefinitions, Reason};

use super::{HaltCause, circuit_breaker::CircuitBreaker, leadership::Leadership};

/// Whether this worker delivers, and why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkerStatus {
    /// HubSpot has not said yet which account the token belongs to.
    Starting,
    /// Another worker holds the lease, or the user service did not answer the request for it.
    Standby,
    /// The users are linked to contacts of another account; an operator must decide.
    OtherAccount {
        /// The account that the links belong to.
        remembered: String,
    },
    /// This worker delivers.
    Running,
    /// An operator has paused delivery.
    Paused,
    /// The circuit breaker has halted delivery.
    Halted {
        /// Why it halted.
        cause: HaltCause,
        /// What HubSpot said.
        reason: Reason,
    },
}

impl WorkerStatus {
    /// The names of all statuses.
    pub const NAMES: [&str; 6] = [
        "starting",
        "standby",
        "other_account",
        "running",
        "paused",
        "halted",
    ];

    /// The status that follows from the lease, the account and the circuit breaker.
    pub(crate) fn of(leadership: &Leadership, breaker: &CircuitBreaker) -> Self {
        if let Some(remembered) = leadership.other_account() {
            return Self::OtherAccount {
                remembered: remembered.to_owned(),
            };
        }
        if leadership.is_paused() {
            return Self::Paused;
        }
        let has_lease = leadership.epoch().is_some();
        let is_account_known = leadership.account_id().is_some();
        // Without the lease this worker gets no records, so it cannot learn that a halt that only a record can check is
        // over. What it saw last says nothing about HubSpot now, so the halt is hidden until the lease comes back.
        let halt = breaker
            .current_halt()
            .filter(|halt| has_lease || !is_account_known || halt.is_checked_by_account_call());
        match (halt, is_account_known, has_lease) {
            (Some(halt), _, _) => Self::Halted {
                cause: halt.cause,
                reason: halt.reason.clone(),
            },
            (None, false, _) => Self::Starting,
            (None, true, false) => Self::Standby,
            (None, true, true) => Self::Running,
        }
    }

    /// A short name for metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Standby => "standby",
            Self::OtherAccount { .. } => "other_account",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Halted { .. } => "halted",
        }
    }

    /// A sentence for people: what the status means and what ends it. The definitions say which property a field has.
    pub fn message(&self, fields: &FieldDefinitions) -> String {
        match self {
            Self::Starting => "asking HubSpot for the account".to_owned(),
            Self::Standby => "standing by for the lease".to_owned(),
            Self::Running => "delivering".to_owned(),
            Self::Paused => {
                "paused by an operator; DELETE /sync/pause at the gateway lets it go on".to_owned()
            }
            Self::OtherAccount { remembered } => format!(
                "users are linked to contacts of the HubSpot account {remembered}, but the token belongs to another \
                 account; use a token of that account, or remove the links"
            ),
            Self::Halted { cause, .. } => cause.message(fields),
        }
    }

    /// Whether both mean the same to people. The correlation id and the wording of each failed recovery check differ and do
    /// not count.
    pub(crate) fn has_same_meaning(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Halted { cause, reason },
                Self::Halted {
                    cause: other_cause,
                    reason: other_reason,
                },
            ) => cause == other_cause && reason.code == other_reason.code,
            _ => self == other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_cause_and_another_code_are_news() {
        let halted = |cause, code| WorkerStatus::Halted {
            cause,
            reason: Reason::ours(code, "in HubSpot's words"),
        };
        let status = halted(HaltCause::Outage, "A");
        assert!(status.has_same_meaning(&halted(HaltCause::Outage, "A")));
        assert!(!status.has_same_meaning(&halted(HaltCause::Outage, "B")));
        assert!(!status.has_same_meaning(&halted(HaltCause::NoSuchPath, "A")));
    }
}
