//! Reads many contacts by record id, address or a unique property.

use std::collections::BTreeSet;

use super::{MAX_HISTORIES, check_distinct, check_size};
use crate::model::{
    Account, BatchError, BatchOutcome, BatchResult, Context, Rejection, operations::lookup::read,
};

/// Reads up to a hundred contacts. The results do not say which input found which contact.
pub(crate) fn batch_read(
    account: &Account,
    context: &Context<'_>,
    ids: &[String],
    id_property: Option<&str>,
    archived: bool,
    with_history: bool,
) -> Result<BatchOutcome, Rejection> {
    check_size(ids.len())?;
    if with_history && ids.len() > MAX_HISTORIES {
        return Err(Rejection::TooManyHistories);
    }
    check_distinct(ids.iter().map(|id| (id_property, id.as_str())))?;
    let mut outcome = BatchOutcome::default();
    let mut seen = BTreeSet::new();
    let mut not_found = Vec::new();
    for id in ids {
        match read(account, context, id, id_property, archived)? {
            Some(contact) if seen.insert(contact.id) => outcome.results.push(BatchResult {
                contact: contact.clone(),
                written: Vec::new(),
                trace_id: None,
                was_created: false,
                is_new: None,
            }),
            // Two inputs found the same contact, which is returned once.
            Some(_) => {}
            None => not_found.push(id.clone()),
        }
    }
    if !not_found.is_empty() {
        outcome.errors.push(BatchError::NotFound {
            ids: not_found,
            trace_ids: Vec::new(),
        });
    }
    Ok(outcome)
}
