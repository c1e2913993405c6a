//! Faults of the account: what they are, how they mend, and which of them a single answer shows.

use std::time::Duration;

use contracts::{Field, Reason};

use super::RecoveryCheck;
use crate::engine::{CallError, CallErrorKind, RateLimit};

/// Why the line stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HaltCause {
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
    /// The token may not read the account's details, and nothing else says which account it opens.
    AccountUnknown,
    /// The token opens another account than `HUBSPOT_ACCOUNT_ID` names.
    WrongAccount,
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
    /// The property of this field is unknown to the account, or read-only.
    UnusableProperty(Field),
    /// The value of this field is refused whatever the record, as by a new rule of the account's administrators.
    RejectsEveryRecord(Field),
}

impl HaltCause {
    /// A sentence for people: what it is and how it mends.
    pub fn message(self) -> String {
        let sentence = match self {
            Self::Unauthorized => {
                "HubSpot does not accept the token; replace it (OAuth asks for another by itself)"
            }
            Self::Disconnected => {
                "the app is not connected to the HubSpot account; connect it again with hubsync connect, or replace \
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
            Self::AccountUnknown => {
                "HubSpot does not say which account the token opens; give the token the scope oauth, which the \
                 account's details need, or set HUBSPOT_ACCOUNT_ID to the account's Hub ID"
            }
            Self::WrongAccount => {
                "the token opens another HubSpot account than HUBSPOT_ACCOUNT_ID names; correct the setting or \
                 replace the token"
            }
            Self::DailyQuota => "the account's calls of the day are used up; goes on when HubSpot's day ends",
            Self::AccountMoving => {
                "HubSpot moves the account between data centres; goes on when that is over"
            }
            Self::NoSuchPath => "HubSpot does not know the path; check HUBSPOT_API_VERSION",
            Self::Unreachable => "HubSpot cannot be reached; goes on when it can",
            Self::Outage => "HubSpot fails whatever the record; goes on when it recovers",
            Self::UnusableProperty(field) => {
                let property = field.property();
                return format!(
                    "the contact property {property} is unknown to the HubSpot account or read-only; mend it there"
                );
            }
            Self::RejectsEveryRecord(field) => {
                let property = field.property();
                return format!(
                    "HubSpot refuses the contact property {property} whatever the record; mend the account's rule for it"
                );
            }
        };
        sentence.to_owned()
    }

    /// A short name for metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::Disconnected => "disconnected",
            Self::Misconfigured => "misconfigured",
            Self::NoToken => "no_token",
            Self::MissingScopes => "missing_scopes",
            Self::AccountUnknown => "account_untold",
            Self::WrongAccount => "wrong_account",
            Self::DailyQuota => "daily_quota",
            Self::AccountMoving => "account_moving",
            Self::NoSuchPath => "no_such_path",
            Self::Unreachable => "unreachable",
            Self::Outage => "outage",
            Self::UnusableProperty(_) => "unusable_property",
            Self::RejectsEveryRecord(_) => "refuses_everyone",
        }
    }

    /// What HubSpot says of the fault: of the property where that is at fault, and else of the call.
    pub(crate) fn reason_in(self, problem: &CallError) -> &Reason {
        match (self, &problem.kind) {
            (Self::UnusableProperty(field), CallErrorKind::Invalid { properties }) => {
                properties.get(field.property()).unwrap_or(&problem.reason)
            }
            _ => &problem.reason,
        }
    }

    /// Whether asking for the account's details shows if the fault is over, so that no record is needed.
    pub(super) fn is_probed_by_account(self) -> bool {
        matches!(
            self,
            Self::Unauthorized
                | Self::Disconnected
                | Self::Misconfigured
                | Self::NoToken
                | Self::AccountUnknown
                | Self::WrongAccount
                | Self::Unreachable
        )
    }

    /// What shows that it is over, where that does not depend on the call that met it.
    pub(super) fn proof(self) -> Option<RecoveryCheck> {
        match self {
            Self::Unauthorized
            | Self::Disconnected
            | Self::Misconfigured
            | Self::NoToken
            | Self::AccountUnknown
            | Self::WrongAccount
            | Self::Unreachable
            | Self::DailyQuota
            | Self::AccountMoving => Some(RecoveryCheck::Answer),
            Self::UnusableProperty(field) | Self::RejectsEveryRecord(field) => {
                Some(RecoveryCheck::Field(field))
            }
            Self::MissingScopes | Self::NoSuchPath | Self::Outage => None,
        }
    }

    /// Whether a record that did not meet the fault may show that it is over, for that record may be guilty itself.
    pub(super) fn is_probed_by_others(self) -> bool {
        matches!(self, Self::Outage | Self::RejectsEveryRecord(_))
    }

    /// The first wait before a probe, and the longest; it doubles in between.
    pub(super) fn waits(self) -> (Duration, Duration) {
        let (first, longest) = match self {
            Self::Unreachable | Self::Outage | Self::NoToken => (1, 30),
            // HubSpot has been seen to refuse good tokens for a while, so it is asked again soon.
            Self::Unauthorized => (5, 15),
            Self::Disconnected | Self::Misconfigured => (5, 60),
            Self::MissingScopes
            | Self::AccountUnknown
            | Self::WrongAccount
            | Self::NoSuchPath
            | Self::UnusableProperty(_)
            | Self::RejectsEveryRecord(_) => (10, 60),
            Self::AccountMoving => (60, 60),
            Self::DailyQuota => (300, 300),
        };
        (Duration::from_secs(first), Duration::from_secs(longest))
    }
}

/// The fault of the account that a problem shows by itself, and the wait that HubSpot asks for.
pub(crate) fn fault_of(problem: &CallError) -> Option<(HaltCause, Option<Duration>)> {
    match &problem.kind {
        CallErrorKind::Unauthorized => Some((HaltCause::Unauthorized, None)),
        CallErrorKind::Disconnected => Some((HaltCause::Disconnected, None)),
        CallErrorKind::Misconfigured => Some((HaltCause::Misconfigured, None)),
        CallErrorKind::NoToken => Some((HaltCause::NoToken, None)),
        CallErrorKind::MissingScopes => Some((HaltCause::MissingScopes, None)),
        CallErrorKind::AccountUnknown => Some((HaltCause::AccountUnknown, None)),
        CallErrorKind::WrongAccount => Some((HaltCause::WrongAccount, None)),
        CallErrorKind::NoSuchPath => Some((HaltCause::NoSuchPath, None)),
        CallErrorKind::Unreachable => Some((HaltCause::Unreachable, None)),
        CallErrorKind::AccountMoving { retry_after } => Some((HaltCause::AccountMoving, *retry_after)),
        CallErrorKind::RateLimited {
            limit: RateLimit::Day,
            retry_after,
        } => Some((HaltCause::DailyQuota, *retry_after)),
        CallErrorKind::Invalid { properties } => {
            let unusable = |code: &str| matches!(code, "PROPERTY_DOESNT_EXIST" | "READ_ONLY_VALUE");
            let field = properties
                .iter()
                .filter(|(_, reason)| unusable(&reason.code))
                .find_map(|(property, _)| Field::from_property(property))?;
            Some((HaltCause::UnusableProperty(field), None))
        }
        CallErrorKind::RateLimited {
            limit: RateLimit::Window | RateLimit::Second,
            ..
        }
        | CallErrorKind::Conflict { .. }
        | CallErrorKind::NotFound
        | CallErrorKind::Forbidden
        | CallErrorKind::Locked
        | CallErrorKind::ServerError { .. }
        | CallErrorKind::NoResponse
        | CallErrorKind::UnexpectedStatus
        | CallErrorKind::UnreadableBody => None,
    }
}
