//! Every way in which HubSpot refuses a request that reached it. The bodies are in `http/refusal_body.rs`.

use super::ContactId;

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// One or more properties or values were refused.
    Properties(Vec<PropertyFault>),
    /// A create without any of the properties of which one is required.
    RequiredOnCreate,
    /// More inputs than a batch may have.
    TooManyInputs,
    /// More inputs than a batch read of histories may have.
    TooManyHistories,
    /// The same id twice in one batch.
    DuplicateIds(Vec<String>),
    /// The body is no JSON of the expected shape.
    InvalidJson {
        line: usize,
        column: usize,
        reason: String,
    },
    /// The body is not declared to be JSON.
    NotJson,
    /// A query parameter that cannot be used.
    InvalidParameter(String),
    /// No such contact.
    NotFound,
    /// A record id that is no number.
    NotNumeric(String),
    /// No such path.
    NoSuchPath,
    /// The address belongs to a contact already.
    EmailTaken { email: String, holder: ContactId },
    /// Two inputs of a batch that is refused as a whole have the same address, so no contact holds it.
    EmailTwice,
    /// The value of a unique property belongs to another contact already.
    ValueTaken {
        property: String,
        value: String,
        holder: ContactId,
    },
    /// `idProperty` names a property that does not identify a contact.
    NotUnique(String),
    /// This account does not upsert by email.
    UpsertByEmail,
    /// A merge of a contact with itself, or into an unknown one.
    Merge(String),
    /// A merge would give the contact too many identities.
    TooManyIdentities,
    /// A search beyond HubSpot's bounds.
    Search(String),
    /// The data file could not be written, so nothing happened.
    Internal,
}

/// What is wrong with one property of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PropertyFault {
    pub(crate) name: String,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}
