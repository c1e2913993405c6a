//! Faults of the account stop the line: nothing is sent but a gentle probe, until one succeeds.
//!
//! What stops it: 401, no access token, missing scopes, the daily quota, 477, a 404 for the path as a whole, no connection, and calls
//! that fail for different records with no success in between. The place for further rules, such as the same refusal
//! for twenty different records running or a pause by the operator, is [`Fault`] together with [`Line::failed`].

use std::{collections::BTreeSet, time::Duration};

use contracts::{Reason, UserId};

use super::{Policy, Problem, ProblemKind};

/// Why the line stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// HubSpot does not accept the token.
    Unauthorized,
    /// The app is not connected to the account any more.
    Disconnected,
    /// HubSpot does not know the app by its credentials.
    Misconfigured,
    /// HubSpot issues no access token at the moment.
    NoToken,
    /// The token lacks scopes.
    MissingScopes,
    /// The account's calls of the day are used up.
    DailyQuota,
    /// HubSpot moves the account between data centres.
    AccountMoving,
    /// HubSpot does not know the path: a wrong version, or not HubSpot.
    NoSuchPath,
    /// No connection to HubSpot.
    Unreachable,
    /// Calls fail, whatever the record.
    Outage,
}

impl Fault {
    /// A sentence for people: what it is and how it mends.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Unauthorized => {
                "HubSpot does not accept the token; replace it (OAuth asks for another by itself)"
            }
            Self::Disconnected => {
                "the app is not connected to the HubSpot account; connect it again and replace \
                 HUBSPOT_OAUTH_REFRESH_TOKEN"
            }
            Self::Misconfigured => {
                "HubSpot does not accept the app's credentials; check HUBSPOT_OAUTH_CLIENT_ID and \
                 HUBSPOT_OAUTH_CLIENT_SECRET"
            }
            Self::NoToken => "HubSpot issues no access token; goes on when it does",
            Self::MissingScopes => {
                "the token lacks scopes; grant crm.objects.contacts.read and crm.objects.contacts.write"
            }
            Self::DailyQuota => "the account's calls of the day are used up; goes on when HubSpot's day ends",
            Self::AccountMoving => {
                "HubSpot moves the account between data centres; goes on when that is over"
            }
            Self::NoSuchPath => "HubSpot does not know the path; check HUBSPOT_API_VERSION",
            Self::Unreachable => "HubSpot cannot be reached; goes on when it can",
            Self::Outage => "HubSpot fails whatever the record; goes on when it recovers",
        }
    }

    /// Whether asking for the account's details shows if the fault is over, so that no record is needed.
    fn is_probed_by_account(self) -> bool {
        match self {
            Self::Unauthorized
            | Self::Disconnected
            | Self::Misconfigured
            | Self::NoToken
            | Self::Unreachable => true,
            Self::MissingScopes
            | Self::DailyQuota
            | Self::AccountMoving
            | Self::NoSuchPath
            | Self::Outage => false,
        }
    }

    /// The first wait before a probe, and the longest; it doubles in between.
    fn waits(self) -> (Duration, Duration) {
        let (first, longest) = match self {
            Self::Unreachable | Self::Outage | Self::NoToken => (1, 30),
            Self::Unauthorized | Self::Disconnected | Self::Misconfigured => (5, 60),
            Self::MissingScopes | Self::NoSuchPath => (10, 60),
            Self::AccountMoving => (60, 60),
            Self::DailyQuota => (300, 300),
        };
        (Duration::from_secs(first), Duration::from_secs(longest))
    }
}

/// The state of the line, for health, metrics and logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineState {
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
    /// Stopped by a fault of the account.
    Stopped {
        /// Why.
        fault: Fault,
        /// In HubSpot's words.
        reason: Reason,
    },
}

impl LineState {
    /// Whether the other tells people nothing new: each probe that fails has its own correlation id and words.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Stopped { fault, reason },
                Self::Stopped {
                    fault: other_fault,
                    reason: other_reason,
                },
            ) => fault == other_fault && reason.code == other_reason.code,
            _ => self == other,
        }
    }
}

/// A stopped line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) fault: Fault,
    pub(crate) reason: Reason,
    pub(crate) probe_at: Duration,
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
    /// Whether a probe is out.
    pub(crate) probing: bool,
    /// The records of the calls that failed since one succeeded.
    failed: Vec<BTreeSet<UserId>>,
}

impl Line {
    pub(crate) fn stopped(&self) -> Option<&Stop> {
        self.stop.as_ref()
    }

    /// Whether the next call is the account's details, as a probe.
    pub(crate) fn wants_account(&self, now: Duration) -> bool {
        self.stop
            .as_ref()
            .is_some_and(|stop| stop.fault.is_probed_by_account() && stop.probe_at <= now)
    }

    /// How many records may be out: none while stopped, one when a probe is due.
    pub(crate) fn allowance(&self, now: Duration) -> usize {
        match &self.stop {
            None => usize::MAX,
            Some(stop) if !stop.fault.is_probed_by_account() && stop.probe_at <= now => 1,
            Some(_) => 0,
        }
    }

    /// Stops. Calls that come back while it is stopped already change nothing, but a probe does.
    pub(crate) fn stop(&mut self, now: Duration, fault: Fault, reason: Reason, asked: Option<Duration>) {
        if self.stop.is_some() && !self.probing {
            return;
        }
        let (first, longest) = fault.waits();
        let factor = 2_u32.checked_pow(self.stops).unwrap_or(u32::MAX);
        let wait = first.saturating_mul(factor).min(longest);
        let probe_at = now + asked.map_or(wait, |asked| asked.min(LONGEST_ASKED).max(first));
        self.stops = self.stops.saturating_add(1);
        self.failed.clear();
        self.stop = Some(Stop {
            fault,
            reason,
            probe_at,
        });
    }

    /// A probe succeeded.
    pub(crate) fn resume(&mut self) {
        self.stop = None;
        self.failed.clear();
    }

    /// The fault of a token is probed at once when the token is replaced.
    pub(crate) fn probe_now(&mut self, now: Duration) {
        if let Some(stop) = &mut self.stop {
            stop.probe_at = now;
        }
    }

    /// A write succeeded.
    pub(crate) fn succeeded(&mut self) {
        self.failed.clear();
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
}

/// The fault of the account that a problem shows by itself, and the wait that HubSpot asks for.
pub(crate) fn fault_of(problem: &Problem) -> Option<(Fault, Option<Duration>)> {
    match &problem.kind {
        ProblemKind::Unauthorized => Some((Fault::Unauthorized, None)),
        ProblemKind::Disconnected => Some((Fault::Disconnected, None)),
        ProblemKind::Misconfigured => Some((Fault::Misconfigured, None)),
        ProblemKind::NoToken => Some((Fault::NoToken, None)),
        ProblemKind::MissingScopes => Some((Fault::MissingScopes, None)),
        ProblemKind::NoSuchPath => Some((Fault::NoSuchPath, None)),
        ProblemKind::Unreachable => Some((Fault::Unreachable, None)),
        ProblemKind::Moving { retry_after } => Some((Fault::AccountMoving, *retry_after)),
        ProblemKind::Limited {
            policy: Policy::Day,
            retry_after,
        } => Some((Fault::DailyQuota, *retry_after)),
        ProblemKind::Limited {
            policy: Policy::Burst | Policy::Second,
            ..
        }
        | ProblemKind::Invalid { .. }
        | ProblemKind::Conflict { .. }
        | ProblemKind::NotFound
        | ProblemKind::Forbidden
        | ProblemKind::Locked
        | ProblemKind::ServerFault { .. }
        | ProblemKind::Unanswered
        | ProblemKind::Refused
        | ProblemKind::Garbled => None,
    }
}
