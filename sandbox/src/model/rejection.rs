//! Every reason for which HubSpot rejects a request. The bodies are in `http/response/rejection_body.rs`.

use super::ContactId;

/// Why a request is rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// Some properties or values are invalid.
    Properties(Vec<PropertyError>),
    /// A create has none of the properties of which one is required.
    RequiredOnCreate,
    /// A batch has too many inputs.
    TooManyInputs,
    /// A batch read of histories has too many inputs.
    TooManyHistories,
    /// A batch names an id twice.
    DuplicateIds(Vec<String>),
    /// The body is not JSON of the expected shape.
    InvalidJson {
        line: usize,
        column: usize,
        reason: String,
    },
    /// The content type is not JSON.
    NotJson,
    /// A query parameter is invalid.
    InvalidParameter(String),
    /// The contact does not exist.
    NotFound,
    /// A record id is not a number.
    NotNumeric(String),
    /// The path does not exist.
    NoSuchPath,
    /// Another contact has the address.
    EmailConflict { email: String, holder: ContactId },
    /// Two inputs of a batch that is rejected as a whole have the same address, which no contact has.
    DuplicateEmail,
    /// Another contact has the value of a unique property.
    ValueConflict {
        property: String,
        value: String,
        holder: ContactId,
    },
    /// `idProperty` names a property that does not identify a contact.
    NotUnique(String),
    /// This account does not upsert by email.
    UpsertByEmail,
    /// A merge of a contact with itself, or with an unknown one.
    Merge(String),
    /// A merge would give the contact too many identities.
    TooManyIdentities,
    /// A search is invalid or beyond HubSpot's limits.
    Search(String),
    /// A definition of a property or of a group of properties is invalid, or must not be changed.
    InvalidDefinition(String),
    /// A property has this name.
    PropertyExists(String),
    /// A group of properties has this name.
    PropertyGroupExists(String),
    /// The data file cannot be written, so nothing was changed.
    Internal,
}

/// What is wrong with one property of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PropertyError {
    pub(crate) name: String,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}
