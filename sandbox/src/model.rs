//! What HubSpot knows and decides: contacts, rules and batches. No I/O, no clock, no randomness.

mod account;
mod admin_rules;
mod archive;
mod batch;
mod batch_read;
mod batch_write;
mod changes;
mod comparable;
mod contact;
mod create;
mod email;
mod erasure;
mod history;
mod json;
mod list;
mod lookup;
mod merge;
mod property;
mod refusal;
mod search;
mod search_filter;
mod search_lag;
mod search_sort;
mod update;
mod values;
mod write;

pub(crate) use account::{Account, StoredAccount};
pub(crate) use archive::archive;
pub(crate) use batch::{BatchError, BatchOutcome, BatchResult};
pub(crate) use batch_read::batch_read;
pub(crate) use batch_write::{WriteInput, batch_archive, batch_create, batch_update, batch_upsert};
pub(crate) use changes::Changes;
pub(crate) use contact::timestamp;
pub use contact::{Contact, ContactId, NotAnId, PastValue};
pub(crate) use create::create;
pub(crate) use email::normalized;
pub(crate) use erasure::delete_for_privacy;
pub(crate) use json::{Object, Text};
pub(crate) use list::list;
pub(crate) use lookup::{find, read};
pub(crate) use merge::merge;
pub(crate) use property::Properties;
pub use property::{CustomProperty, PropertyType};
pub(crate) use refusal::{PropertyFault, Refusal};
pub(crate) use search::{Search, search};
pub(crate) use update::update;
pub(crate) use write::{ApiVersion, Context, Source};
pub use write::{Write, WriteKind};

/// Names and values of properties, as a caller gives them.
pub type Values = std::collections::BTreeMap<String, String>;

#[cfg(test)]
mod tests;
