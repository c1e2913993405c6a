//! What a worker reports about an attempt, and what follows from it.

use std::{collections::BTreeMap, num::NonZeroU64};

use serde::{Deserialize, Serialize};

use super::{ClaimUsers, UsersClaimed, WriteTarget};
use crate::{Field, FieldSet, UserId};

/// Reports the results of attempts, and claims the next users in the same message. Sent on `users.report`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportResults {
    /// The worker that was given the attempts. Results are accepted from any epoch.
    pub holder: String,
    /// One result for each attempt.
    pub results: Vec<AttemptResult>,
    /// Rejections of earlier reports that were the account's fault. They are handled after the results.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retractions: Vec<Retraction>,
    /// Users to claim after the results are recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<ClaimUsers>,
}

/// A rejection that turned out to be the account's fault. The field is marked dirty again if it is still rejected for this reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Retraction {
    /// The user.
    pub user_id: UserId,
    /// The rejected field.
    pub field: Field,
    /// The code of the reason.
    pub code: String,
}

/// The result of one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptResult {
    /// The user.
    pub user_id: UserId,
    /// The attempt's number, from the claim.
    pub attempt: NonZeroU64,
    /// The version, from the claim.
    pub version: u64,
    /// The result of each field that has one. A field without a result stays dirty.
    pub field_results: BTreeMap<Field, FieldResult>,
    /// The fields whose values this attempt wrote, or may have written, to HubSpot.
    pub written: FieldSet,
    /// Whether HubSpot may still apply one of its calls: after a time-out, a lost connection, 408 or 5xx.
    pub may_apply_late: bool,
    /// What its calls wrote to, or may have written to; none if it wrote nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<WriteTarget>,
    /// The fields of [`Claim::former_values`](super::Claim::former_values) about which nothing is left to do.
    #[serde(default, skip_serializing_if = "has_no_field")]
    pub cleared: FieldSet,
    /// Whether HubSpot created a contact, may have created one, or may still do so, without telling its id.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_have_created: bool,
    /// A link that was found or that moved. A new link is reported before anything is written through it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<NewLink>,
    /// The address that HubSpot confirmed for the contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_address: Option<String>,
    /// Whether HubSpot showed every address of the linked contact, and the user's address, which this attempt did not write, was none
    /// of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lacks_address: bool,
    /// Why the attempt failed, if it did. The user is due again after a pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<AttemptFailure>,
    /// HubSpot's last response to this attempt, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_response: Option<LastResponse>,
}

/// HubSpot's last response to an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastResponse {
    /// The HTTP status.
    pub status: u16,
    /// HubSpot's correlation id, for its support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
}

/// The result of one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "result")]
pub enum FieldResult {
    /// HubSpot has the value.
    Confirmed(Confirmation),
    /// HubSpot rejected the value.
    Rejected {
        /// Why, in HubSpot's words.
        reason: Reason,
    },
    /// No contact was found for the user.
    NotFound,
    /// Another contact has the address.
    Conflict {
        /// Why, in HubSpot's words.
        reason: Reason,
    },
    /// Attempts for this user alone kept failing.
    #[serde(rename_all = "camelCase")]
    Failed {
        /// Why the last attempt failed.
        reason: Reason,
        /// Whether the failure may pass by itself (408, 423, 5xx, time-outs). If so, the user is rechecked.
        is_transient: bool,
    },
    /// The value was not written, because of when its field is written
    /// ([`WriteMode`](crate::fields::WriteMode)): the contact was there already, or has a value of its own.
    Skipped,
    /// A result that a later version of the services may record.
    #[serde(other)]
    Unknown,
}

impl FieldResult {
    /// HubSpot showed exactly the value that was written.
    pub const CONFIRMED: Self = Self::Confirmed(Confirmation::EXACT);

    /// Whether HubSpot has the value, in whatever form.
    pub fn is_confirmed(&self) -> bool {
        matches!(self, Self::Confirmed(_))
    }

    /// Whether nothing is left to do: HubSpot has the value, or was not to get it.
    pub fn is_settled(&self) -> bool {
        matches!(self, Self::Confirmed(_) | Self::Skipped)
    }
}

/// How HubSpot has a value that it confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Confirmation {
    /// The form in which HubSpot keeps the value, if it differs from the written one in blanks, case or Unicode form. At most
    /// [`MAX_NORMALIZED_BYTES`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalized: Option<String>,
    /// Whether HubSpot showed the value. If not, it accepted the write, and nothing more is known.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub shown: bool,
}

/// The maximum length of [`Confirmation::normalized`]: enough for the longest value that a field may have. So a report with as many
/// results as it may have stays below the megabyte that NATS allows.
pub const MAX_NORMALIZED_BYTES: usize = 1_024;

impl Confirmation {
    /// HubSpot showed exactly the value that was written.
    pub const EXACT: Self = Self {
        normalized: None,
        shown: true,
    };
    /// HubSpot accepted the value and does not show it.
    pub const NOT_SHOWN: Self = Self {
        normalized: None,
        shown: false,
    };

    /// HubSpot keeps the value in this form.
    pub fn in_form(form: String) -> Self {
        Self {
            normalized: Some(form),
            shown: true,
        }
    }
}

fn has_no_field(fields: &FieldSet) -> bool {
    fields.is_empty()
}

/// The default of a member that is true unless a message says otherwise.
pub(crate) fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks for it")]
pub(crate) fn is_true(value: &bool) -> bool {
    *value
}

/// The code of a rejection that no repetition helps against: HubSpot accepted the value, and its contact has another one.
pub const VALUE_NOT_KEPT: &str = "VALUE_NOT_KEPT";

/// The reason of a rejection, a conflict or a failure: HubSpot's own, or one of hubsync's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Reason {
    /// A stable code: HubSpot's own (`INVALID_EMAIL`), its category, or one of hubsync's (`TIMED_OUT`).
    pub code: String,
    /// The category that HubSpot gave (`VALIDATION_ERROR`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The message of HubSpot, at most 500 characters. It may quote a value.
    pub message: String,
    /// The HTTP status of HubSpot's response, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The correlation id of HubSpot, for its support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
}

impl Reason {
    /// A reason of our own, without a response of HubSpot.
    pub fn ours(code: &str, message: &str) -> Self {
        Self {
            code: code.to_owned(),
            category: None,
            message: message.to_owned(),
            status: None,
            correlation_id: None,
        }
    }
}

/// Why an attempt resolved nothing, or not everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptFailure {
    /// Why it failed.
    pub reason: Reason,
    /// Whether it counts against the record, because another record's write has succeeded since this one failed before.
    pub is_counted: bool,
    /// Whether the failure may pass by itself. If so, a user that has failed too often is rechecked.
    pub is_transient: bool,
}

/// A contact that was found for a user, or a link that moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewLink {
    /// The record id of the contact.
    pub contact_id: String,
    /// The account that the record id belongs to.
    pub account_id: String,
    /// The address by which it was found, as the user has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// How it was found.
    pub origin: LinkOrigin,
    /// The contact's primary address, if HubSpot showed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_address: Option<String>,
    /// The ids of contacts that were merged into it. A user that is linked to one of them is linked to this contact.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_ids: Vec<String>,
}

/// How a contact was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum LinkOrigin {
    /// By the primary address of the contact.
    PrimaryAddress,
    /// By a secondary address of the contact. A contact of another user is not taken this way.
    SecondaryAddress,
    /// A conflict named it: this contact has the address.
    Followed,
    /// HubSpot answered for an earlier id with this contact.
    Merged,
    /// It was created for this user.
    Created,
    /// An operator named it. The link stays even if another contact has the address.
    ByOperator,
    /// In a way that a later version of the services may report.
    #[serde(other)]
    Unknown,
}

/// The answer to [`ReportResults`], sent after the commit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResultsReported {
    /// One entry for each result, in their order.
    pub users: Vec<ReportedUser>,
    /// The claims that the same message asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<UsersClaimed>,
    /// Why the claims were rejected, if they were. The results are recorded all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims_error: Option<crate::ErrorCode>,
}

/// A user after its result was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportedUser {
    /// The user.
    pub user_id: UserId,
    /// What the worker does next about it.
    pub next: NextAction,
}

/// What a worker does next about a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "next")]
pub enum NextAction {
    /// The user is clean: acknowledge its wake-up.
    Clean,
    /// The user is dirty and due now: claim it again.
    Now,
    /// The attempt failed and the user is due again later.
    #[serde(rename_all = "camelCase")]
    Later {
        /// Milliseconds from now.
        in_ms: u64,
    },
    /// The user does not exist, or a later attempt has superseded this one. A claim tells whether it is dirty. An action that a
    /// later version may answer is read as this one.
    #[serde(other)]
    Superseded,
}
