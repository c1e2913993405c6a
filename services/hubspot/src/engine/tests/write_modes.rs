//! Fields that are written only to a new contact, or only if the contact has no value of its own.

use std::sync::Arc;

use contracts::{
    Claim, Field, FieldDefinitions, FieldResult, Value, Values,
    fields::{WriteMode, built_in_fields},
};

use super::creates::{created, nowhere};
use super::harness::TestWorker;
use super::samples::{all_written, claim, contact, creates, inputs, linked};
use crate::engine::{Call, InspectedContacts, MissingContact, Profile, Response, Settings};

const NAMES: &[Field] = &[Field::FIRST_NAME, Field::LAST_NAME];

/// The first name is written in this mode, the other fields always.
fn first_name_is_written(mode: WriteMode) -> impl FnOnce(&mut Settings) {
    move |settings| {
        let mut fields = built_in_fields();
        fields[1].write = mode;
        settings.fields = Arc::new(FieldDefinitions::new(1, fields).expect("a set"));
        settings.missing_contact = MissingContact::Create;
    }
}

/// What the contact shows of the first name.
#[derive(Debug, Clone, Copy)]
enum Shown {
    Value(&'static str),
    NoValue,
    Nothing,
}

/// What became of the first name, after the contact was read and showed this, and whether the write carried it.
fn after_first_read(last_confirmed: Option<&str>, shown: Shown) -> (FieldResult, bool) {
    let mut worker = TestWorker::with(first_name_is_written(WriteMode::IfEmpty));
    let mut claim = linked("a", NAMES);
    claim.last_confirmed = last_confirmed
        .map(|value| (Field::FIRST_NAME, Some(Value::from(value))))
        .into_iter()
        .collect();
    let (call, read) = worker.deliver(&[claim]);
    assert!(matches!(read, Call::ReadBack { .. }), "{read:?}");
    let values = match shown {
        Shown::Value(value) => Values::from([(Field::FIRST_NAME, Some(value.into()))]),
        Shown::NoValue => Values::from([(Field::FIRST_NAME, None)]),
        Shown::Nothing => Values::new(),
    };
    let profile = Profile {
        contact: contact("c-a", "a@example.com"),
        values,
    };
    worker.respond(
        call,
        Response::Inspected(InspectedContacts {
            contacts: vec![profile],
            errors: Vec::new(),
        }),
    );
    let (call, update) = worker.call();
    let values = &inputs(&update)[0].values;
    assert!(values.contains_key(&Field::LAST_NAME));
    let is_written = values.contains_key(&Field::FIRST_NAME);
    worker.respond(call, all_written(&update));
    let mut results = worker.result().field_results;
    assert_eq!(results.remove(&Field::LAST_NAME), Some(FieldResult::CONFIRMED));
    (results.remove(&Field::FIRST_NAME).expect("a result"), is_written)
}

#[test]
fn a_field_for_contacts_without_a_value_leaves_other_values_alone() {
    for (last_confirmed, shown) in [
        (None, Shown::Value("Corrected")),
        (Some("Before"), Shown::Value("Corrected")),
        // A hidden property may have a value.
        (None, Shown::Nothing),
    ] {
        assert_eq!(
            after_first_read(last_confirmed, shown),
            (FieldResult::Skipped, false),
            "{last_confirmed:?} {shown:?}"
        );
    }
}

#[test]
fn a_field_for_contacts_without_a_value_replaces_what_hubsync_wrote() {
    for (last_confirmed, shown) in [
        (None, Shown::NoValue),
        (Some("Before"), Shown::Value("Before")),
        (Some("Before"), Shown::NoValue),
        // The contact has the value already.
        (None, Shown::Value("firstName of a")),
    ] {
        assert_eq!(
            after_first_read(last_confirmed, shown),
            (FieldResult::CONFIRMED, true),
            "{last_confirmed:?} {shown:?}"
        );
    }
}

#[test]
fn a_field_for_new_contacts_is_never_written_to_one_that_is_there() {
    let mut worker = TestWorker::with(first_name_is_written(WriteMode::NewContact));
    let (call, update) = worker.deliver(&[linked("a", NAMES)]);
    assert!(inputs(&update)[0].values.keys().eq(&[Field::LAST_NAME]));
    worker.respond(call, all_written(&update));
    let results = worker.result().field_results;
    assert_eq!(results[&Field::FIRST_NAME], FieldResult::Skipped);
    assert_eq!(results[&Field::LAST_NAME], FieldResult::CONFIRMED);
}

#[test]
fn a_user_with_nothing_but_a_field_for_new_contacts_costs_no_call() {
    let mut worker = TestWorker::with(first_name_is_written(WriteMode::NewContact));
    worker.wake("a");
    let (request, _) = worker.claim();
    worker.give(request, vec![linked("a", &[Field::FIRST_NAME])]);
    let results = worker.result().field_results;
    assert_eq!(results[&Field::FIRST_NAME], FieldResult::Skipped);
    assert_eq!(worker.any_call(), None);
}

/// The result of the first name in a create whose answer shows this value.
fn result_of_create(user: Claim, shown: Option<&str>) -> FieldResult {
    let mut worker = TestWorker::with(first_name_is_written(WriteMode::NewContact));
    let (call, find) = worker.deliver(&[user]);
    worker.respond(call, nowhere(&find));
    let (call, create) = worker.call();
    let input = &creates(&create)[0];
    assert!(input.values.contains_key(&Field::FIRST_NAME));
    let mut written = created(input, "77");
    match shown {
        Some(value) => drop(written.values.insert(Field::FIRST_NAME, Some(value.into()))),
        None => drop(written.values.remove(&Field::FIRST_NAME)),
    }
    let (results, errors) = (vec![written], Vec::new());
    worker.respond(call, Response::Created { results, errors });
    worker.result().field_results[&Field::FIRST_NAME].clone()
}

#[test]
fn a_field_for_new_contacts_has_the_result_of_the_create() {
    let confirmed = result_of_create(claim("a"), Some("firstName of a"));
    assert_eq!(confirmed, FieldResult::CONFIRMED);
    let hidden = result_of_create(claim("a"), None);
    assert!(matches!(hidden, FieldResult::Confirmed(confirmation) if !confirmation.shown));
    let replaced = result_of_create(claim("a"), Some("set by a workflow"));
    assert!(matches!(replaced, FieldResult::Rejected { reason } if reason.code == "VALUE_NOT_KEPT"));
}
