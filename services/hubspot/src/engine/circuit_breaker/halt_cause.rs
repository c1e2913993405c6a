//! The causes of a halt: what they are, what ends them, and which of them a single error shows.

use std::time::Duration;

use contracts::{Field, FieldDefinitions, Reason};

use super::RecoveryCheck;
use crate::engine::{CallError, CallErrorKind, RateLimit};

/// Why delivery is halted.
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
    /// The token belongs to another account than `HUBSPOT_ACCOUNT_ID` names.
    WrongAccount,
    /// The account's calls of the day are used up.
    DailyQuota,
    /// HubSpot moves the account between data centres.
    AccountMoving,
    /// HubSpot does not know the path, because the version is wrong or the server is not HubSpot.
    NoSuchPath,
    /// No connection to HubSpot could be made.
    Unreachable,
    /// Calls fail for every record.
    Outage,
    /// The property of this field is unknown to the account, or read-only.
    UnusableProperty(Field),
    /// The account rejects this field's value for every record, for example by a new rule of its administrators.
    RejectsEveryRecord(Field),
}

impl HaltCause {
    /// The cause that an error may show, and the wait that HubSpot asks for. A single record can cause the same error,
    /// unless the cause [is certain](Self::is_certain).
    pub(crate) fn of(error: &CallError) -> Option<(Self, Option<Duration>)> {
        match &error.kind {
            CallErrorKind::Unauthorized => Some((Self::Unauthorized, None)),
            CallErrorKind::Disconnected => Some((Self::Disconnected, None)),
            CallErrorKind::Misconfigured => Some((Self::Misconfigured, None)),
            CallErrorKind::NoToken => Some((Self::NoToken, None)),
            CallErrorKind::MissingScopes => Some((Self::MissingScopes, None)),
            CallErrorKind::AccountUnknown => Some((Self::AccountUnknown, None)),
            CallErrorKind::WrongAccount => Some((Self::WrongAccount, None)),
            CallErrorKind::NoSuchPath => Some((Self::NoSuchPath, None)),
            CallErrorKind::Unreachable => Some((Self::Unreachable, None)),
            CallErrorKind::AccountMoving { retry_after } => Some((Self::AccountMoving, *retry_after)),
            CallErrorKind::RateLimited {
                limit: RateLimit::Day,
                retry_after,
            } => Some((Self::DailyQuota, *retry_after)),
            CallErrorKind::Invalid { fields } => {
                let is_unusable = |code: &str| matches!(code, "PROPERTY_DOESNT_EXIST" | "READ_ONLY_VALUE");
                let (field, _) = fields.iter().find(|(_, reason)| is_unusable(&reason.code))?;
                Some((Self::UnusableProperty(*field), None))
            }
            CallErrorKind::RateLimited {
                limit: RateLimit::Window,
                ..
            }
            | CallErrorKind::Conflict
            | CallErrorKind::NotFound
            | CallErrorKind::Forbidden
            | CallErrorKind::Locked
            | CallErrorKind::ServerError { .. }
            | CallErrorKind::NoResponse
            | CallErrorKind::UnexpectedStatus
            | CallErrorKind::UnknownCategory
            | CallErrorKind::UnreadableBody => None,
        }
    }

    /// Whether an error that shows this cause is proof, because no record can cause it.
    pub(crate) fn is_certain(self) -> bool {
        match self {
            Self::Unauthorized
            | Self::Disconnected
            | Self::Misconfigured
            | Self::NoToken
            | Self::AccountUnknown
            | Self::WrongAccount
            | Self::DailyQuota
            | Self::AccountMoving
            | Self::Unreachable => true,
            Self::MissingScopes
            | Self::NoSuchPath
            | Self::Outage
            | Self::UnusableProperty(_)
            | Self::RejectsEveryRecord(_) => false,
        }
    }

    /// A sentence for people: what it is and how to end it. The definitions say which property a field has.
    pub fn message(self, fields: &FieldDefinitions) -> String {
        let property_of = |field| fields.get(field).map_or("", |definition| &definition.property);
        let message = match self {
            Self::Unauthorized => {
                "HubSpot does not accept the token; replace it (with OAuth hubsync requests another one by itself)"
            }
            Self::Disconnected => {
                "the app is not connected to the HubSpot account; connect it again with hubsync connect, or replace \
                 HUBSPOT_OAUTH_REFRESH_TOKEN"
            }
            Self::Misconfigured => {
                "HubSpot does not accept the app's credentials; check HUBSPOT_OAUTH_CLIENT_ID and \
                 HUBSPOT_OAUTH_CLIENT_SECRET"
            }
            Self::NoToken => "HubSpot issues no access token; delivery resumes when it does",
            Self::MissingScopes => {
                "the token lacks scopes; grant crm.objects.contacts.read and crm.objects.contacts.write"
            }
            Self::AccountUnknown => {
                "HubSpot does not say which account the token belongs to; give the token the scope oauth, which the \
                 account's details need, or set HUBSPOT_ACCOUNT_ID to the account's Hub ID"
            }
            Self::WrongAccount => {
                "the token belongs to another HubSpot account than HUBSPOT_ACCOUNT_ID names; correct the setting or \
                 replace the token"
            }
            Self::DailyQuota => {
                "the account's calls of the day are used up; delivery resumes when HubSpot's day ends"
            }
            Self::AccountMoving => {
                "HubSpot moves the account between data centres; delivery resumes when that is over"
            }
            Self::NoSuchPath => "HubSpot does not know the path; check HUBSPOT_API_VERSION",
            Self::Unreachable => "HubSpot cannot be reached; delivery resumes when it can",
            Self::Outage => "HubSpot fails for every record; delivery resumes when it recovers",
            Self::UnusableProperty(field) => {
                return format!(
                    "the contact property {} is unknown to the HubSpot account or read-only; correct it there",
                    property_of(field)
                );
            }
            Self::RejectsEveryRecord(field) => {
                return format!(
                    "HubSpot rejects the contact property {} for every record; correct the account's rule for it",
                    property_of(field)
                );
            }
        };
        message.to_owned()
    }

    /// A short name for metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::Disconnected => "disconnected",
            Self::Misconfigured => "misconfigured",
            Self::NoToken => "no_token",
            Self::MissingScopes => "missing_scopes",
            Self::AccountUnknown => "account_unknown",
            Self::WrongAccount => "wrong_account",
            Self::DailyQuota => "daily_quota",
            Self::AccountMoving => "account_moving",
            Self::NoSuchPath => "no_such_path",
            Self::Unreachable => "unreachable",
            Self::Outage => "outage",
            Self::UnusableProperty(_) => "unusable_property",
            Self::RejectsEveryRecord(_) => "rejects_every_record",
        }
    }

    /// What HubSpot said about the cause: about the property if one is at fault, and about the call otherwise.
    pub(crate) fn reason_in(self, error: &CallError) -> &Reason {
        match (self, &error.kind) {
            (Self::UnusableProperty(field), CallErrorKind::Invalid { fields }) => {
                fields.get(&field).unwrap_or(&error.reason)
            }
            _ => &error.reason,
        }
    }

    /// Whether a call for the account's details shows if the cause is gone, so that no record is needed.
    pub(super) fn is_checked_by_account_call(self) -> bool {
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

    /// What a recovery check has to do, where that does not depend on the call that failed.
    pub(super) fn recovery_check(self) -> Option<RecoveryCheck> {
        match self {
            Self::Unauthorized
            | Self::Disconnected
            | Self::Misconfigured
            | Self::NoToken
            | Self::AccountUnknown
            | Self::WrongAccount
            | Self::Unreachable
            | Self::DailyQuota
            | Self::AccountMoving => Some(RecoveryCheck::Response),
            Self::UnusableProperty(field) | Self::RejectsEveryRecord(field) => {
                Some(RecoveryCheck::FieldWrite(field))
            }
            Self::MissingScopes | Self::NoSuchPath | Self::Outage => None,
        }
    }

    /// Whether a record that did not fail may show that the cause is gone. Only where the cause is not certain: one that
    /// did fail may be at fault itself.
    pub(super) fn is_checked_by_others(self) -> bool {
        !self.is_certain()
    }

    /// The first wait before a recovery check, and the longest; the wait doubles in between.
    pub(super) fn waits(self) -> (Duration, Duration) {
        let (first, max) = match self {
            Self::Unreachable | Self::Outage | Self::NoToken => (1, 30),
            // HubSpot has been seen to reject good tokens for a while, so it is asked again soon.
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
        (Duration::from_secs(first), Duration::from_secs(max))
    }
}
