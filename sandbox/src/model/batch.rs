//! What the batch calls have in common: the bounds, and the account of what became of each input.

use std::collections::BTreeMap;

use super::{Contact, ContactId, Refusal, email};

/// HubSpot's bound on the inputs of a batch.
/// <https://developers.hubspot.com/docs/api-reference/latest/crm/objects/contacts/guide>
pub(crate) const MOST_INPUTS: usize = 100;

/// HubSpot's bound on the inputs of a batch read of histories.
pub(crate) const MOST_HISTORIES: usize = 50;

/// What became of a batch that was not refused as a whole.
#[derive(Debug, Default)]
pub(crate) struct BatchOutcome {
    pub(crate) results: Vec<BatchResult>,
    pub(crate) errors: Vec<BatchError>,
    pub(crate) has_traces: bool,
}

/// One input that succeeded.
#[derive(Debug)]
pub(crate) struct BatchResult {
    pub(crate) contact: Contact,
    /// Names of the properties that were written.
    pub(crate) written: Vec<String>,
    pub(crate) trace_id: Option<String>,
    /// Whether the write made the contact.
    pub(crate) was_created: bool,
    /// Whether an upsert made the contact; other calls do not say.
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
    /// One input was refused.
    Refused { refusal: Refusal, trace_id: String },
}

/// Refuses batches that are too large or name an id twice.
pub(crate) fn check_size(count: usize) -> Result<(), Refusal> {
    if count > MOST_INPUTS {
        Err(Refusal::TooManyInputs)
    } else {
        Ok(())
    }
}

/// Refuses batches that name a contact twice by the same property, with or without trace ids.
pub(crate) fn check_distinct<'a>(
    ids: impl Iterator<Item = (Option<&'a str>, &'a str)>,
) -> Result<(), Refusal> {
    let mut seen: BTreeMap<(Option<&str>, String), usize> = BTreeMap::new();
    for (property, id) in ids {
        *seen.entry((property, meaning(property, id))).or_default() += 1;
    }
    let repeated: Vec<String> = seen
        .into_iter()
        .filter(|(_, count)| *count > 1)
        .map(|((_, id), _)| id)
        .collect();
    if repeated.is_empty() {
        Ok(())
    } else {
        Err(Refusal::DuplicateIds(repeated))
    }
}

/// One text for all ways to write an id: leading zeros and the case of an address make no difference.
fn meaning(property: Option<&str>, id: &str) -> String {
    match property {
        None | Some("hs_object_id") => id
            .parse()
            .map_or_else(|_| id.to_owned(), |id: ContactId| id.to_string()),
        Some("email") => email::normalized(id),
        Some(_) => id.to_owned(),
    }
}
