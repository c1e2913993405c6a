//! The batch operations: their limits, and the result of each input.

mod read;
mod write;

use std::collections::BTreeMap;

use crate::model::{Contact, ContactId, Rejection, properties::email};

pub(crate) use read::batch_read;
pub(crate) use write::{WriteInput, batch_archive, batch_create, batch_update, batch_upsert};

/// HubSpot's limit on the inputs of a batch.
/// <https://developers.hubspot.com/docs/api-reference/latest/crm/objects/contacts/guide>
pub(crate) const MAX_INPUTS: usize = 100;

/// HubSpot's limit on the inputs of a batch read of histories.
pub(crate) const MAX_HISTORIES: usize = 50;

/// The result of a batch that was not rejected as a whole.
#[derive(Debug, Default)]
pub(crate) struct BatchOutcome {
    pub(crate) results: Vec<BatchResult>,
    pub(crate) errors: Vec<BatchError>,
    /// Whether each input has a trace id of its own.
    pub(crate) has_traces: bool,
}

/// One input that succeeded.
#[derive(Debug)]
pub(crate) struct BatchResult {
    pub(crate) contact: Contact,
    /// Names of the properties that were written.
    pub(crate) written: Vec<String>,
    pub(crate) trace_id: Option<String>,
    /// Whether the write created the contact.
    pub(crate) was_created: bool,
    /// Whether an upsert created the contact; none for other operations, which do not say.
    pub(crate) is_new: Option<bool>,
}

/// One entry of `errors`, for one input or for all inputs that were not found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BatchError {
    /// Some ids are unknown.
    NotFound {
        ids: Vec<String>,
        trace_ids: Vec<String>,
    },
    /// One input was rejected.
    Rejected { rejection: Rejection, trace_id: String },
}

/// Rejects a batch with too many inputs.
pub(crate) fn check_size(count: usize) -> Result<(), Rejection> {
    if count > MAX_INPUTS {
        Err(Rejection::TooManyInputs)
    } else {
        Ok(())
    }
}

/// Rejects a batch that names a contact twice by the same property, with or without trace ids.
pub(crate) fn check_distinct<'a>(
    ids: impl Iterator<Item = (Option<&'a str>, &'a str)>,
) -> Result<(), Rejection> {
    let mut seen: BTreeMap<(Option<&str>, String), usize> = BTreeMap::new();
    for (property, id) in ids {
        *seen.entry((property, canonical_id(property, id))).or_default() += 1;
    }
    let repeated: Vec<String> = seen
        .into_iter()
        .filter(|(_, count)| *count > 1)
        .map(|((_, id), _)| id)
        .collect();
    if repeated.is_empty() {
        Ok(())
    } else {
        Err(Rejection::DuplicateIds(repeated))
    }
}

/// The same text for all forms of an id: without leading zeros, and addresses in lower case.
fn canonical_id(property: Option<&str>, id: &str) -> String {
    match property {
        None | Some("hs_object_id") => id
            .parse()
            .map_or_else(|_| id.to_owned(), |id: ContactId| id.to_string()),
        Some("email") => email::normalized(id),
        Some(_) => id.to_owned(),
    }
}
