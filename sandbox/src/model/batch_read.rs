//! Reads many contacts by record id, address or a unique property.

use std::collections::BTreeSet;

use super::{
    Account, BatchError, BatchOutcome, BatchResult, Context, Refusal,
    batch::{MOST_HISTORIES, check_distinct, check_size},
    lookup::read,
};

/// Reads up to a hundred contacts. The answer does not say which input found which contact.
pub(crate) fn batch_read(
    account: &Account,
    context: &Context<'_>,
    ids: &[String],
    id_property: Option<&str>,
    archived: bool,
    with_history: bool,
) -> Result<BatchOutcome, Refusal> {
    check_size(ids.len())?;
    if with_history && ids.len() > MOST_HISTORIES {
        return Err(Refusal::TooManyHistories);
    }
    check_distinct(ids.iter().map(|id| (id_property, id.as_str())))?;
    let mut outcome = BatchOutcome::default();
    let mut seen = BTreeSet::new();
    let mut missing = Vec::new();
    for id in ids {
        match read(account, context, id, id_property, archived)? {
            Some(contact) if seen.insert(contact.id) => outcome.results.push(BatchResult {
                contact: contact.clone(),
                written: Vec::new(),
                trace_id: None,
                was_created: false,
                is_new: None,
            }),
            Some(_) => {}
            None => missing.push(id.clone()),
        }
    }
    if !missing.is_empty() {
        outcome.errors.push(BatchError::NotFound {
            ids: missing,
            trace_ids: Vec::new(),
        });
    }
    Ok(outcome)
}
