//! Comparisons of users with their HubSpot contacts: differences, what a delivery would write, and repairs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Field, FieldSet, Link, UserId, Value, Values};

/// The maximum number of users in one comparison: as many as HubSpot reads in a batch.
pub const MAX_COMPARED: usize = 100;

/// Compares users with their contacts, one page at a time. Sent on `hubspot.compare`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CompareUsers {
    /// What the comparison is for.
    pub purpose: ComparisonPurpose,
    /// Which users.
    pub users: UserSelection,
    /// Whether the answer has the values that differ. They are personal data.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub values: bool,
}

/// What a comparison is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ComparisonPurpose {
    /// Finds values that HubSpot confirmed and no longer has.
    Drift {
        /// Whether such values are sent again, with back-fill priority.
        repair: bool,
    },
    /// Shows what hubsync would write, without writing.
    DryRun,
}

/// Named users, or a page of all users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UserSelection {
    /// These users, at most [`MAX_COMPARED`].
    Named(Vec<UserId>),
    /// The page after this user in the order of ids, or the first page.
    After(Option<UserId>),
}

/// The result of a comparison of one page of users.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Comparison {
    /// How many users were looked up in HubSpot.
    pub checked: u64,
    /// How many users had nothing to compare: no contact or no confirmed field that HubSpot shows, or, in a dry run, no dirty field.
    pub skipped: u64,
    /// What was found. A user without a finding has no difference.
    pub findings: Vec<Finding>,
    /// How many users are sent again, at least in part; absent where none is.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub repaired: u64,
    /// How many users were not repaired, since they changed during the comparison; absent where none did.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub changed_meanwhile: u64,
    /// Users in the request that do not exist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<UserId>,
    /// The last user of this page: pass it as `after` to get the next page. Absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<UserId>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks for it")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// A difference between a user and its contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Finding {
    /// The user.
    pub user_id: UserId,
    /// The kind of difference.
    pub kind: FindingKind,
    /// The contact that the user is linked to now, or would be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_id: Option<String>,
    /// The fields that differ, would be written, or are missing in the response of HubSpot.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Difference>,
}

/// The kind of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum FindingKind {
    /// The contact has other values than those it confirmed.
    Changed,
    /// The contact does not exist in HubSpot any more.
    Gone,
    /// The contact was merged into another one.
    Merged,
    /// Several users are linked to the contact, so it cannot agree with all of them. It is not compared.
    Shared,
    /// The response of HubSpot lacks the contact or these fields, or HubSpot fails whenever this contact is read.
    NotReported,
    /// A delivery would write these fields to the contact.
    WouldWrite,
    /// A delivery would link the user to the contact and write these fields to it.
    WouldLink,
    /// No contact has the address, and a delivery would create one.
    WouldCreate,
    /// No contact has the address, and a delivery would create none.
    NotFound,
    /// A kind that a later version may report.
    #[serde(other)]
    Unknown,
}

impl FindingKind {
    /// A short stable name for metrics and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Gone => "gone",
            Self::Merged => "merged",
            Self::Shared => "shared",
            Self::NotReported => "not_reported",
            Self::WouldWrite => "would_write",
            Self::WouldLink => "would_link",
            Self::WouldCreate => "would_create",
            Self::NotFound => "not_found",
            Self::Unknown => "unknown",
        }
    }
}

/// A field that differs. The values are included only on request, since they are personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Difference {
    /// The field.
    pub field: Field,
    /// The value of the user; absent where it is cleared, or where values were not requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_value: Option<Value>,
    /// The value of the contact, shortened; absent where it has none, or where values were not requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_value: Option<Value>,
}

/// Reads the parts of users that are compared with contacts. Sent on `users.compare`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadUsersToCompare {
    /// Which users.
    pub users: UserSelection,
    /// Whether to read dirty users instead of users that have a contact.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dirty_only: bool,
}

/// The answer to [`ReadUsersToCompare`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsersToCompare {
    /// The users.
    pub users: Vec<UserToCompare>,
    /// Named users that do not exist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<UserId>,
    /// The page after this user is the next one; none at the end. An empty page is not always the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<UserId>,
}

/// The parts of a user that are compared with its contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserToCompare {
    /// The user.
    pub user_id: UserId,
    /// The generation of its row. If it grows, the user has changed since.
    pub generation: u64,
    /// The value of each field that a caller has given.
    #[serde(deserialize_with = "crate::fields::known_fields")]
    pub values: Values,
    /// The fields that HubSpot confirmed and showed, and that are not dirty.
    pub confirmed: FieldSet,
    /// The form in which HubSpot keeps a value, for each field that it confirmed in another form than the written one.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "crate::fields::known_fields"
    )]
    pub normalized: BTreeMap<Field, String>,
    /// The dirty fields.
    pub dirty: FieldSet,
    /// The contact that the user is linked to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// Whether the user was never linked to a contact. Only then may one be created.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub never_linked: bool,
}

/// Marks fields dirty that HubSpot no longer has, with back-fill priority. Sent on `users.repair`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RepairUsers {
    /// At most [`MAX_COMPARED`] users.
    pub users: Vec<RepairUser>,
}

/// A user of [`RepairUsers`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RepairUser {
    /// The user.
    pub user_id: UserId,
    /// The generation at which it was compared. If the row has another one, nothing is marked dirty.
    pub generation: u64,
    /// The fields to mark dirty.
    pub fields: FieldSet,
}

/// The answer to [`RepairUsers`], sent after the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsersRepaired {
    /// Users that are sent again.
    pub repaired: u64,
    /// Users that changed after they were compared, and were left alone.
    pub changed_meanwhile: u64,
}
