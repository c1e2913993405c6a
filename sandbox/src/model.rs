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
pub use contact::{Contact, ContactId, InvalidContactId, PastValue};
pub(crate) use contact::{DERIVED, timestamp};
pub(crate) use context::{ApiVersion, Context, Source};
pub(crate) use json::{Object, Text};
pub(crate) use operations::{
    BatchError, BatchOutcome, BatchResult, PropertyChanges, Search, WriteInput, add_property_option, archive,
    archive_any_property, archive_property, batch_archive, batch_create, batch_read, batch_update,
    batch_upsert, change_property_type, create, create_property, create_property_group, delete_for_privacy,
    find, list, merge, read, remove_property_option, restore_property, search, set_property_read_only,
    set_validation_rules, update, update_property,
};
pub use properties::{
    CustomProperty,
    definition::{
        DataSensitivity, FieldType, ModificationMetadata, PropertyDefinition, PropertyOption, PropertyType,
    },
    rules::{RuleType, ValidationRule},
};
pub(crate) use properties::{Properties, groups::PropertyGroup, normalized, read_form};
pub(crate) use rejection::{PropertyError, Rejection};
pub use write::{Write, WriteKind};

/// Names and values of properties, as a caller gives them.
pub type Values = std::collections::BTreeMap<String, String>;

#[cfg(test)]
mod tests;
