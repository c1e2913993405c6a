//! Creates, updates, upserts and archives many contacts.
//!
//! Without trace ids, one rejected input rejects the batch. With a trace id on each input, the others are written.
//! <https://developers.hubspot.com/docs/api-reference/error-handling>

use std::collections::HashSet;

use super::{check_distinct, check_size};
use crate::model::{
    Account, BatchError, BatchOutcome, BatchResult, Contact, ContactId, Context, Rejection, Values,
    operations::{archive, create, lookup::find, update},
    properties::email,
};

/// One input of a batch.
#[derive(Debug, Clone, Default)]
pub(crate) struct WriteInput {
    pub(crate) id: String,
    pub(crate) id_property: Option<String>,
    pub(crate) properties: Values,
    pub(crate) trace_id: Option<String>,
}

impl WriteInput {
    /// The property and the value by which the input names its contact.
    fn name(&self) -> (Option<&str>, &str) {
        (self.id_property.as_deref(), &self.id)
    }
}

/// Creates contacts.
pub(crate) fn batch_create(
    account: &mut Account,
    context: &Context<'_>,
    inputs: &[WriteInput],
) -> Result<BatchOutcome, Rejection> {
    check_size(inputs.len())?;
    write_each(account, context, inputs, |_, _| Ok(Target::New))
}

/// Updates contacts. A former id is skipped without a word in the response, unless the account follows it.
pub(crate) fn batch_update(
    account: &mut Account,
    context: &Context<'_>,
    inputs: &[WriteInput],
) -> Result<BatchOutcome, Rejection> {
    check_size(inputs.len())?;
    check_distinct(inputs.iter().map(WriteInput::name))?;
    let follows = context.switches.former_ids_followed;
    write_each(account, context, inputs, |account, input| {
        update_target(account, input, follows)
    })
}

/// Updates the contacts that exist and creates the others.
pub(crate) fn batch_upsert(
    account: &mut Account,
    context: &Context<'_>,
    inputs: &[WriteInput],
) -> Result<BatchOutcome, Rejection> {
    check_size(inputs.len())?;
    check_distinct(inputs.iter().map(WriteInput::name))?;
    inputs.iter().try_for_each(|input| check_upsert(context, input))?;
    let mut outcome = write_each(account, context, inputs, |account, input| {
        Ok(find(account, &input.id, input.id_property.as_deref())?.map_or(Target::New, Target::Existing))
    })?;
    for result in &mut outcome.results {
        result.is_new = Some(result.was_created);
    }
    Ok(outcome)
}

/// Archives contacts. Unknown ids are skipped.
pub(crate) fn batch_archive(
    account: &mut Account,
    context: &Context<'_>,
    ids: &[String],
) -> Result<(), Rejection> {
    check_size(ids.len())?;
    check_distinct(ids.iter().map(|id| (None, id.as_str())))?;
    let known: Vec<ContactId> = ids.iter().filter_map(|id| id.parse().ok()).collect();
    for id in known {
        if account.live(id).is_some() {
            archive::archive(account, context, id)?;
        }
    }
    Ok(())
}

/// The contact that an input writes.
#[derive(Clone, Copy)]
enum Target {
    New,
    Existing(ContactId),
    /// A contact that was merged into another one. Batch updates skip it.
    Former,
    NotFound,
}

fn update_target(account: &Account, input: &WriteInput, follows: bool) -> Result<Target, Rejection> {
    // HubSpot updates by record id and by custom unique property, but not by address.
    if input.id_property.as_deref() == Some("email") {
        return Err(Rejection::NotUnique("email".to_owned()));
    }
    let is_former = input.id.parse().is_ok_and(|id| account.successor(id).is_some());
    if input.id_property.is_none() && is_former && !follows {
        return Ok(Target::Former);
    }
    Ok(find(account, &input.id, input.id_property.as_deref())?.map_or(Target::NotFound, Target::Existing))
}

/// Checks that an upsert input names its contact by a property that can identify it.
fn check_upsert(context: &Context<'_>, input: &WriteInput) -> Result<(), Rejection> {
    let Some(property) = input.id_property.clone() else {
        return Err(Rejection::NotFound);
    };
    if property == "email" && !context.switches.upsert_by_email {
        return Err(Rejection::UpsertByEmail);
    }
    if property == "hs_object_id" {
        return Err(Rejection::NotUnique(property));
    }
    if input.id.trim().is_empty() {
        return Err(Rejection::InvalidParameter(
            "the id of an input is empty".to_owned(),
        ));
    }
    Ok(())
}

fn write_each(
    account: &mut Account,
    context: &Context<'_>,
    inputs: &[WriteInput],
    target_of: impl Fn(&Account, &WriteInput) -> Result<Target, Rejection>,
) -> Result<BatchOutcome, Rejection> {
    let has_traces = context.switches.partial_batches && has_distinct_traces(inputs);
    // Without trace ids, nothing is written before all inputs are known to be valid.
    if !has_traces {
        reject_invalid_inputs(account, context, inputs, &target_of)?;
    }
    let mut outcome = BatchOutcome {
        has_traces,
        ..BatchOutcome::default()
    };
    let mut not_found = Vec::new();
    for input in inputs {
        // An earlier input may have created the contact that this one names, so it is looked up now.
        let target = target_of(account, input)?;
        let was_created = matches!(target, Target::New);
        match write_one(account, context, input, target) {
            Ok(Some(contact)) => outcome.results.push(result(input, contact, was_created)),
            Ok(None) => {}
            Err(Rejection::NotFound) => not_found.push(input),
            // Only inputs with trace ids can fail alone: the response names an input by its trace id.
            Err(rejection) => match input.trace_id.clone().filter(|_| has_traces) {
                Some(trace_id) => outcome.errors.push(BatchError::Rejected { rejection, trace_id }),
                None => return Err(whole_batch_rejection(rejection, &outcome.results)),
            },
        }
    }
    outcome.errors.extend(not_found_error(&not_found));
    Ok(outcome)
}

/// The rejection of the whole batch. The contacts that it created so far are rolled back, so it must not name one of
/// them as the holder of an address.
fn whole_batch_rejection(rejection: Rejection, results: &[BatchResult]) -> Rejection {
    let is_new = |id| {
        results
            .iter()
            .any(|result| result.was_created && result.contact.id == id)
    };
    match rejection {
        Rejection::EmailConflict { holder, .. } if is_new(holder) => Rejection::DuplicateEmail,
        other => other,
    }
}

fn write_one(
    account: &mut Account,
    context: &Context<'_>,
    input: &WriteInput,
    target: Target,
) -> Result<Option<Contact>, Rejection> {
    let trace_id = input.trace_id.as_deref();
    match target {
        Target::Existing(id) => update::update(account, context, id, &input.properties, trace_id).map(Some),
        Target::New => create::create(account, context, &new_contact_values(input), trace_id).map(Some),
        Target::Former => Ok(None),
        Target::NotFound => Err(Rejection::NotFound),
    }
}

/// The values of a new contact. An upsert also gives it the value by which it was looked up.
fn new_contact_values(input: &WriteInput) -> Values {
    let mut values = input.properties.clone();
    if let Some(property) = &input.id_property {
        let id = if property == "email" {
            email::normalized(&input.id)
        } else {
            input.id.clone()
        };
        values.entry(property.clone()).or_insert(id);
    }
    values
}

/// Rejects a batch without trace ids if any input is invalid. The rejection lists the errors of all inputs.
fn reject_invalid_inputs(
    account: &Account,
    context: &Context<'_>,
    inputs: &[WriteInput],
    target_of: &impl Fn(&Account, &WriteInput) -> Result<Target, Rejection>,
) -> Result<(), Rejection> {
    let mut errors = Vec::new();
    for input in inputs {
        let checked = match target_of(account, input)? {
            Target::New => create::draft(account, context, &new_contact_values(input)).map(drop),
            Target::Existing(id) => update::draft(account, context, id, &input.properties).map(drop),
            Target::Former | Target::NotFound => Ok(()),
        };
        match checked {
            Err(Rejection::Properties(found)) => errors.extend(found),
            other => other?,
        }
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Rejection::Properties(errors))
    }
}

fn has_distinct_traces(inputs: &[WriteInput]) -> bool {
    let mut seen = HashSet::new();
    let is_distinct = |input: &WriteInput| {
        input
            .trace_id
            .as_ref()
            .is_some_and(|trace_id| !trace_id.is_empty() && seen.insert(trace_id.clone()))
    };
    !inputs.is_empty() && inputs.iter().all(is_distinct)
}

fn result(input: &WriteInput, contact: Contact, was_created: bool) -> BatchResult {
    BatchResult {
        contact,
        written: input.properties.keys().cloned().collect(),
        trace_id: input.trace_id.clone(),
        was_created,
        is_new: None,
    }
}

fn not_found_error(inputs: &[&WriteInput]) -> Option<BatchError> {
    let ids: Vec<String> = inputs.iter().map(|input| input.id.clone()).collect();
    let trace_ids = inputs.iter().filter_map(|input| input.trace_id.clone()).collect();
    (!ids.is_empty()).then_some(BatchError::NotFound { ids, trace_ids })
}
