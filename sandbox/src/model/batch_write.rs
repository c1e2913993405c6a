//! Creates, updates, upserts and archives many contacts.
//!
//! Without trace ids one refused input refuses the batch; with a trace id on each input the others are written.
//! <https://developers.hubspot.com/docs/api-reference/error-handling>

use std::collections::HashSet;

use super::{
    Account, BatchError, BatchOutcome, BatchResult, Contact, ContactId, Context, Refusal, Values, archive,
    batch::{check_distinct, check_size},
    create, email,
    lookup::find,
    update,
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
    /// What it names its contact by.
    fn name(&self) -> (Option<&str>, &str) {
        (self.id_property.as_deref(), &self.id)
    }
}

/// Creates contacts.
pub(crate) fn batch_create(
    account: &mut Account,
    context: &Context<'_>,
    inputs: &[WriteInput],
) -> Result<BatchOutcome, Refusal> {
    check_size(inputs.len())?;
    write_each(account, context, inputs, |_, _| Ok(Target::New))
}

/// Updates contacts. A former id is passed over in silence, unless the account follows it.
pub(crate) fn batch_update(
    account: &mut Account,
    context: &Context<'_>,
    inputs: &[WriteInput],
) -> Result<BatchOutcome, Refusal> {
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
) -> Result<BatchOutcome, Refusal> {
    check_size(inputs.len())?;
    check_distinct(inputs.iter().map(WriteInput::name))?;
    let inputs = inputs
        .iter()
        .map(|input| upsertable(context, input))
        .collect::<Result<Vec<_>, _>>()?;
    let mut outcome = write_each(account, context, &inputs, |account, input| {
        Ok(find(account, &input.id, input.id_property.as_deref())?.map_or(Target::New, Target::Existing))
    })?;
    for result in &mut outcome.results {
        result.is_new = Some(result.was_created);
    }
    Ok(outcome)
}

/// Archives contacts; unknown ids do not matter.
pub(crate) fn batch_archive(
    account: &mut Account,
    context: &Context<'_>,
    ids: &[String],
) -> Result<(), Refusal> {
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

/// What an input is about.
#[derive(Clone, Copy)]
enum Target {
    New,
    Existing(ContactId),
    /// A contact that was merged into another: batch updates say nothing about it.
    Former,
    Missing,
}

fn update_target(account: &Account, input: &WriteInput, follows: bool) -> Result<Target, Refusal> {
    // Record ids and custom unique properties work here, the address does not.
    if input.id_property.as_deref() == Some("email") {
        return Err(Refusal::NotUnique("email".to_owned()));
    }
    let is_former = input.id.parse().is_ok_and(|id| account.successor(id).is_some());
    if input.id_property.is_none() && is_former && !follows {
        return Ok(Target::Former);
    }
    Ok(find(account, &input.id, input.id_property.as_deref())?.map_or(Target::Missing, Target::Existing))
}

/// An upsert input with the property that identifies it among its values.
fn upsertable(context: &Context<'_>, input: &WriteInput) -> Result<WriteInput, Refusal> {
    let Some(property) = input.id_property.clone() else {
        return Err(Refusal::NotFound);
    };
    if property == "email" && !context.switches.upsert_by_email {
        return Err(Refusal::UpsertByEmail);
    }
    if property == "hs_object_id" {
        return Err(Refusal::NotUnique(property));
    }
    if input.id.trim().is_empty() {
        return Err(Refusal::InvalidParameter(
            "the id of an input is empty".to_owned(),
        ));
    }
    Ok(WriteInput {
        id_property: Some(property),
        ..input.clone()
    })
}

fn write_each(
    account: &mut Account,
    context: &Context<'_>,
    inputs: &[WriteInput],
    target_of: impl Fn(&Account, &WriteInput) -> Result<Target, Refusal>,
) -> Result<BatchOutcome, Refusal> {
    let has_traces = context.switches.partial_batches && has_distinct_traces(inputs);
    if !has_traces {
        refuse_faulty(account, context, inputs, &target_of)?;
    }
    let mut outcome = BatchOutcome {
        has_traces,
        ..BatchOutcome::default()
    };
    let mut missing = Vec::new();
    for input in inputs {
        let target = target_of(account, input)?;
        let was_created = matches!(target, Target::New);
        match write_one(account, context, input, target) {
            Ok(Some(contact)) => outcome.results.push(result(input, contact, was_created)),
            Ok(None) => {}
            Err(Refusal::NotFound) => missing.push(input),
            Err(refusal) => match input.trace_id.clone().filter(|_| has_traces) {
                Some(trace_id) => outcome.errors.push(BatchError::Refused { refusal, trace_id }),
                None => return Err(of_whole_batch(refusal, &outcome.results)),
            },
        }
    }
    outcome.errors.extend(not_found(&missing));
    Ok(outcome)
}

/// A batch that is refused as a whole creates nobody, so it names none of its own contacts as the holder of an address.
fn of_whole_batch(refusal: Refusal, results: &[BatchResult]) -> Refusal {
    let is_new = |id| {
        results
            .iter()
            .any(|result| result.was_created && result.contact.id == id)
    };
    match refusal {
        Refusal::EmailTaken { holder, .. } if is_new(holder) => Refusal::EmailTwice,
        other => other,
    }
}

fn write_one(
    account: &mut Account,
    context: &Context<'_>,
    input: &WriteInput,
    target: Target,
) -> Result<Option<Contact>, Refusal> {
    let trace_id = input.trace_id.as_deref();
    match target {
        Target::Existing(id) => update::update(account, context, id, &input.properties, trace_id).map(Some),
        Target::New => create::create(account, context, &values_of_new(input), trace_id).map(Some),
        Target::Former => Ok(None),
        Target::Missing => Err(Refusal::NotFound),
    }
}

/// A contact made by an upsert has the value it was looked up by.
fn values_of_new(input: &WriteInput) -> Values {
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

/// Without trace ids all faults of all inputs are reported at once and nothing is written.
fn refuse_faulty(
    account: &Account,
    context: &Context<'_>,
    inputs: &[WriteInput],
    target_of: &impl Fn(&Account, &WriteInput) -> Result<Target, Refusal>,
) -> Result<(), Refusal> {
    let mut faults = Vec::new();
    for input in inputs {
        let checked = match target_of(account, input)? {
            Target::New => create::draft(account, context, &values_of_new(input)).map(drop),
            Target::Existing(id) => update::draft(account, context, id, &input.properties).map(drop),
            Target::Former | Target::Missing => Ok(()),
        };
        match checked {
            Err(Refusal::Properties(found)) => faults.extend(found),
            other => other?,
        }
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Refusal::Properties(faults))
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

fn not_found(missing: &[&WriteInput]) -> Option<BatchError> {
    let ids: Vec<String> = missing.iter().map(|input| input.id.clone()).collect();
    let trace_ids = missing
        .iter()
        .filter_map(|input| input.trace_id.clone())
        .collect();
    (!ids.is_empty()).then_some(BatchError::NotFound { ids, trace_ids })
}
