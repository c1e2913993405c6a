//! Comparing users with their HubSpot contacts: what differs, what would be written, what is to be sent again.

use serde::{Deserialize, Serialize};

use crate::{Field, FieldSet, Link, UserId, Values};

/// The most users of one comparison: as many as HubSpot takes in a batch.
pub const MAX_COMPARED: usize = 100;

/// Request on `hubspot.compare`; the answer is a [`Comparison`]. One page: whoever wants them all goes on with
/// [`Comparison::next`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CompareUsers {
    /// What for.
    pub purpose: ComparisonPurpose,
    /// Which users.
    pub users: UserSelection,
    /// Whether the answer is to have the values that differ, which are personal data.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub values: bool,
}

/// What a comparison is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ComparisonPurpose {
    /// To find out what HubSpot no longer holds of what it confirmed.
    Drift {
        /// Whether that is to be sent again, behind live changes.
        repair: bool,
    },
    /// To find out what would be written where, before anything is.
    DryRun,
}

/// Users, named or a page of all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UserSelection {
    /// These, at most [`MAX_COMPARED`].
    Named(Vec<UserId>),
    /// A page in the order of ids, after this one, or from the start.
    After(Option<UserId>),
}

/// The result of a comparison of one page of users.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Comparison {
    /// How many users were looked up in HubSpot.
    pub checked: u64,
    /// How many users had nothing to compare: no contact or no confirmed field, or, in a dry run, no dirty field.
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
}

impl FindingKind {
    /// A short stable name for metrics and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Gone => "gone",
            Self::Merged => "merged",
            Self::Shared => "shared",
            Self::NotReported => "not_told",
            Self::WouldWrite => "would_write",
            Self::WouldLink => "would_link",
            Self::WouldCreate => "would_create",
            Self::NotFound => "not_found",
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
    pub user_value: Option<String>,
    /// The value of the contact, shortened; absent where it has none, or where values were not requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_value: Option<String>,
}

/// Request on `users.compare`: users as they are to be compared; the answer is [`UsersToCompare`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadUsersToCompare {
    /// Which users.
    pub users: UserSelection,
    /// Only those that owe something, instead of those that have a contact.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dirty_only: bool,
}

/// Answer on `users.compare`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsersToCompare {
    /// The users.
    pub users: Vec<UserToCompare>,
    /// Named users that do not exist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<UserId>,
    /// Where the next page begins; none at the end. A page may be empty and not the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<UserId>,
}

/// A user as it is to be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserToCompare {
    /// Who.
    pub user_id: UserId,
    /// The turn of its row: another one means that it has changed since.
    pub generation: u64,
    /// The fields that were ever given.
    pub values: Values,
    /// The fields that HubSpot confirmed and that are not owed.
    pub confirmed: FieldSet,
    /// The fields that HubSpot has yet to hear.
    pub dirty: FieldSet,
    /// The contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// Whether there never was a contact, so that one may be created.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub never_linked: bool,
}

/// Request on `users.repair`: owe fields again, behind live changes; the answer is [`UsersRepaired`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RepairUsers {
    /// Whose and which, at most [`MAX_COMPARED`] users.
    pub users: Vec<RepairUser>,
}

/// A user of [`RepairUsers`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RepairUser {
    /// Who.
    pub user_id: UserId,
    /// The turn at which it was compared; at another one nothing is owed again.
    pub generation: u64,
    /// The fields.
    pub fields: FieldSet,
}

/// Answer on `users.repair`, sent after the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsersRepaired {
    /// Users of which something is sent again.
    pub repaired: u64,
    /// Users that were left alone, since they changed after they were compared.
    pub changed_meanwhile: u64,
}
