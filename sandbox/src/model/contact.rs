//! A contact, and the properties that HubSpot derives from it.

pub(crate) mod apply_values;

use std::{collections::BTreeMap, fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Source, Values};

/// The id of a contact, a number that HubSpot writes as a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContactId(pub u64);

impl fmt::Display for ContactId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for ContactId {
    type Err = InvalidContactId;

    /// Parses digits; signs and blanks are errors.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidContactId);
        }
        text.parse().map(Self).map_err(|_| InvalidContactId)
    }
}

/// A text that is not the id of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id consists of digits")]
pub struct InvalidContactId;

impl From<u64> for ContactId {
    fn from(id: u64) -> Self {
        Self(id)
    }
}

impl Serialize for ContactId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ContactId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// A contact as HubSpot stores it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    /// Its id. No id is used twice.
    pub id: ContactId,
    /// The values that were written. [`Contact::value`] also gives derived ones.
    pub properties: Values,
    /// Its secondary addresses.
    pub additional_emails: Vec<String>,
    /// Ids of contacts that were merged into it.
    pub former_ids: Vec<ContactId>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
    /// When it was archived; none if it is not.
    pub archived_at: Option<Timestamp>,
    /// How it was created.
    pub(crate) source: Source,
    /// Earlier and current values of each property, newest first.
    pub history: BTreeMap<String, Vec<PastValue>>,
}

/// A value in the history of a property, with its author.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PastValue {
    /// The value; empty when the property was cleared.
    pub value: String,
    /// When it was written.
    pub timestamp: Timestamp,
    /// The kind of author.
    pub(crate) source: Source,
    /// The author: `token 1`, `oauth` or `salesperson`.
    pub author: String,
}

impl Contact {
    /// The primary address.
    pub fn email(&self) -> Option<&str> {
        self.properties.get("email").map(String::as_str)
    }

    /// Whether it is archived.
    pub fn is_archived(&self) -> bool {
        self.archived_at.is_some()
    }

    /// Every address, beginning with the primary one.
    pub fn emails(&self) -> impl Iterator<Item = &str> {
        self.email()
            .into_iter()
            .chain(self.additional_emails.iter().map(String::as_str))
    }

    /// The value of any property, written or derived.
    pub fn value(&self, name: &str) -> Option<String> {
        match name {
            "hs_object_id" => Some(self.id.to_string()),
            "createdate" => Some(timestamp(self.created_at)),
            "lastmodifieddate" => Some(timestamp(self.updated_at)),
            "hs_additional_emails" => joined(&self.additional_emails),
            "hs_merged_object_ids" => joined(&self.former_ids),
            "hs_object_source" | "hs_object_source_label" => Some(self.source.label().to_owned()),
            "hs_email_domain" => self.email()?.split_once('@').map(|(_, domain)| domain.to_owned()),
            _ => self.properties.get(name).cloned(),
        }
    }

    /// Every property that has a value.
    pub fn all_values(&self) -> Values {
        let derived = DERIVED
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), self.value(name)?)));
        self.properties.clone().into_iter().chain(derived).collect()
    }
}

/// Properties that HubSpot computes.
pub(crate) const DERIVED: [&str; 8] = [
    "hs_object_id",
    "createdate",
    "lastmodifieddate",
    "hs_additional_emails",
    "hs_merged_object_ids",
    "hs_object_source",
    "hs_object_source_label",
    "hs_email_domain",
];

/// A time in HubSpot's form, with milliseconds and `Z`.
pub(crate) fn timestamp(at: Timestamp) -> String {
    format!("{at:.3}")
}

fn joined<T: ToString>(items: &[T]) -> Option<String> {
    let texts: Vec<String> = items.iter().map(ToString::to_string).collect();
    (!texts.is_empty()).then(|| texts.join(";"))
}
