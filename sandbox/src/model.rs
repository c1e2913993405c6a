//! HubSpot's contacts and rules: what each operation of the API changes or rejects. No I/O, no clock, no randomness.

mod account;
mod contact;
mod context;
mod json;
mod operations;
mod properties;
mod rejection;
mod write;

pub(crate) use account::{Account, Changes, StoredAccount};
pub(crate) use contact::timestamp;
pub use contact::{Contact, ContactId, InvalidContactId, PastValue};
pub(crate) use context::{ApiVersion, Context, Source};
pub(crate) use json::{Object, Text};
pub(crate) use operations::{
    BatchError, BatchOutcome, BatchResult, Search, WriteInput, archive, batch_archive, batch_create,
    batch_read, batch_update, batch_upsert, create, delete_for_privacy, find, list, merge, read, search,
    update,
};
pub(crate) use properties::{Access, Properties, Property, ValueKind, normalized};
pub use properties::{CustomProperty, PropertyType};
pub(crate) use rejection::{PropertyError, Rejection};
pub use write::{Write, WriteKind};

/// Names and values of properties, as a caller gives them.
pub type Values = std::collections::BTreeMap<String, String>;

#[cfg(test)]
mod tests;
