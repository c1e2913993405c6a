//! Links that an operator makes or removes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::UserId;

/// Links a user to a contact, whatever the contact's address. Every field is marked dirty. Sent on `users.sync.link`; the answer is the
/// receipt of the user's current version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LinkUser {
    /// The user.
    pub user_id: UserId,
    /// The record id of the contact, in the account that links belong to.
    pub contact_id: ContactId,
}

/// Removes a user's link. The contact is looked up again by the user's address. Sent on `users.sync.unlink`; the answer is the receipt
/// of the user's current version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnlinkUser {
    /// The user.
    pub user_id: UserId,
}

/// The record id of a contact as an operator gives it: a number without leading zeros.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContactId(String);

/// The text is not the id of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a contact id is the number that HubSpot shows as the record id: 1 to 19 digits, without leading zeros"
)]
pub struct InvalidContactId;

impl ContactId {
    /// A number of 63 bits has at most this many digits.
    const MAX_DIGITS: usize = 19;

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ContactId {
    type Err = InvalidContactId;

    fn from_str(text: &str) -> Result<Self, InvalidContactId> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || text.is_empty() || text.starts_with('0') || text.len() > Self::MAX_DIGITS {
            return Err(InvalidContactId);
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for ContactId {
    type Error = InvalidContactId;

    fn try_from(text: String) -> Result<Self, InvalidContactId> {
        text.parse()
    }
}

impl From<ContactId> for String {
    fn from(id: ContactId) -> Self {
        id.0
    }
}

impl fmt::Display for ContactId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_id_is_a_number_as_hubspot_writes_it() {
        for text in ["1", "501", "9223372036854775807"] {
            assert_eq!(
                text.parse::<ContactId>().map(|id| id.to_string()),
                Ok(text.to_owned())
            );
        }
        for text in [
            "",
            "0",
            "007",
            "-1",
            "5 1",
            "c1",
            "a@example.com",
            "12345678901234567890",
        ] {
            assert_eq!(text.parse::<ContactId>(), Err(InvalidContactId), "{text:?}");
        }
    }
}
