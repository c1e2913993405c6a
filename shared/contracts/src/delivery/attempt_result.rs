//! What a worker reports of an attempt, and what the user service makes of it.

use std::{collections::BTreeMap, num::NonZeroU64};

use serde::{Deserialize, Serialize};

use super::{ClaimUsers, UsersClaimed};
use crate::{Field, FieldSet, UserId};

/// Request on `users.record`: the verdicts of attempts, and the next claims in the same message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportResults {
    /// The worker that was given the attempts. Verdicts are accepted from any epoch.
    pub holder: String,
    /// One verdict for each attempt.
    pub results: Vec<AttemptResult>,
    /// Refusals recorded before that turned out to be no fault of the record; taken after the verdicts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retractions: Vec<Retraction>,
    /// Claims to make after the verdicts are taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<ClaimUsers>,
}

/// A refusal that turned out to be the account's fault: the field is owed again if it still stands refused so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Retraction {
    /// Whose.
    pub user_id: UserId,
    /// The refused field.
    pub field: Field,
    /// The code of the reason it was refused for.
    pub code: String,
}

/// What became of one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptResult {
    /// Whose.
    pub user_id: UserId,
    /// The claim's attempt number.
    pub attempt: NonZeroU64,
    /// The claim's version.
    pub version: u64,
    /// The outcome of each field that has one; a field without one stays owed.
    pub field_results: BTreeMap<Field, FieldResult>,
    /// The fields whose values this attempt wrote or may have written to HubSpot.
    pub written: FieldSet,
    /// Whether HubSpot may still carry out one of its calls: a time-out, a cut connection, 408 or 5xx.
    pub may_apply_late: bool,
    /// Whether a contact was created, or may have been or may still be, without its id being known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_have_created: bool,
    /// A link that was found or moved. A new link is reported before anything is written through it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<NewLink>,
    /// The address that HubSpot confirmed for the contact in this attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_address: Option<String>,
    /// Why the attempt failed, where it did; the user is due again after a pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<AttemptFailure>,
    /// What HubSpot answered last in this attempt, where it answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_response: Option<LastResponse>,
}

/// The last answer of HubSpot in an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastResponse {
    /// The HTTP status.
    pub status: u16,
    /// HubSpot's correlation id, for its support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
}

/// What became of one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "result")]
pub enum FieldResult {
    /// HubSpot holds the value.
    Confirmed,
    /// HubSpot refused the value.
    Rejected {
        /// In HubSpot's words.
        reason: Reason,
    },
    /// There is no such contact.
    NotFound,
    /// Another contact holds the address.
    Conflict {
        /// In HubSpot's words.
        reason: Reason,
    },
    /// It kept failing alone.
    #[serde(rename_all = "camelCase")]
    Failed {
        /// Why it failed last.
        reason: Reason,
        /// Whether time alone may mend it (408, 423, 5xx, time-outs), so that it is rechecked.
        is_transient: bool,
    },
}

/// A failure or a refusal, in HubSpot's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// A stable code: HubSpot's own (`INVALID_EMAIL`), its category, or ours (`TIMED_OUT`).
    pub code: String,
    /// HubSpot's category (`VALIDATION_ERROR`), where it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// HubSpot's message, at most 500 characters.
    pub message: String,
    /// The HTTP status, where there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// HubSpot's correlation id, for its support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
}

impl Reason {
    /// A reason of our own, with no answer of HubSpot behind it.
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

/// An attempt that settled nothing, or not all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptFailure {
    /// Why.
    pub reason: Reason,
    /// Whether it is charged to the record: another record's write succeeded since this one failed before.
    pub is_counted: bool,
    /// Whether time alone may mend it; decides if a parked record is rechecked.
    pub is_transient: bool,
}

/// A contact found for a user, or a link that moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewLink {
    /// The contact's record id.
    pub contact_id: String,
    /// The account it belongs to.
    pub account_id: String,
    /// The address it was found by, as the user has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// How.
    pub origin: LinkOrigin,
}

/// How a contact was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LinkOrigin {
    /// By the primary address of the contact.
    PrimaryAddress,
    /// By a secondary address of the contact; not taken where another user holds that contact.
    SecondaryAddress,
    /// Through a conflict that named it: the address was taken by this contact.
    Followed,
    /// HubSpot answered for a former id with this one.
    Merged,
    /// It was made for this user, with every field.
    Created,
    /// An operator said so; it is not left for a contact that holds the address.
    ByOperator,
}

/// Answer on `users.record`, sent after the commit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResultsReported {
    /// One entry for each verdict, in their order.
    pub users: Vec<ReportedUser>,
    /// The claims asked for in the same message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<UsersClaimed>,
    /// Why the claims were refused, where they were; the verdicts stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims_error: Option<crate::ErrorCode>,
}

/// What a user owes after a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportedUser {
    /// Who.
    pub user_id: UserId,
    /// What comes next.
    pub next: NextAction,
}

/// What comes next for a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "next")]
pub enum NextAction {
    /// It owes nothing: its wake-up is done.
    Clean,
    /// It owes something now: claim it again.
    Now,
    /// It failed and is due again later.
    #[serde(rename_all = "camelCase")]
    Later {
        /// Milliseconds from now.
        in_ms: u64,
    },
    /// The row is gone or the verdict was of an attempt that another one overtook; its wake-up is done.
    Superseded,
}
