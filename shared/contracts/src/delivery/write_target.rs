//! What a write to HubSpot names: a contact or, to create one, an address.

use serde::{Deserialize, Serialize};

use crate::lowercase_address;

/// What a write names. HubSpot may apply the write late, so until that is over, no other user writes to this target.
///
/// As text it is `contact/<account>/<record id>` or `address/<address in lower case>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WriteTarget(String);

impl WriteTarget {
    /// A contact of an account.
    pub fn contact(account_id: &str, contact_id: &str) -> Self {
        Self(format!("contact/{account_id}/{contact_id}"))
    }

    /// The address under which a contact is created.
    pub fn address(address: &str) -> Self {
        Self(format!("address/{}", lowercase_address(address)))
    }

    /// A target that was stored as text.
    pub fn from_text(text: String) -> Self {
        Self(text)
    }

    /// The target as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The account and the record id, if it is a contact.
    pub fn as_contact(&self) -> Option<(&str, &str)> {
        self.0.strip_prefix("contact/")?.split_once('/')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_is_read_from_its_text() {
        let target = WriteTarget::contact("51", "4711");
        assert_eq!(target.as_str(), "contact/51/4711");
        assert_eq!(target.as_contact(), Some(("51", "4711")));
    }

    #[test]
    fn addresses_are_compared_in_lower_case_and_are_no_contacts() {
        let target = WriteTarget::address("A/B@X.io");
        assert_eq!(target, WriteTarget::address("a/b@x.io"));
        assert_eq!(target.as_contact(), None);
    }
}
