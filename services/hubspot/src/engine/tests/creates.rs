//! Contacts made for users that have none, where the settings say so.

mod in_doubt;
mod rules;

use std::collections::BTreeMap;

use contracts::{Claim, Field, FieldResult, LinkOrigin};

use super::bench::Bench;
use super::samples::{ACCOUNT, claim, creates, linked, problem, reason};
use crate::engine::{
    Call, CallError, CallErrorKind, CallId, CreateInput, CreatedContact, InputError, MissingContact,
    Response, Settings,
};

fn creating(settings: &mut Settings) {
    settings.missing_contact = MissingContact::Create;
}

pub(super) fn nowhere(call: &Call) -> Response {
    let Call::Find { addresses } = call else {
        panic!("not a lookup: {call:?}")
    };
    let problem = CallError {
        kind: CallErrorKind::NotFound,
        reason: reason("OBJECT_NOT_FOUND"),
    };
    Response::Found {
        contacts: Vec::new(),
        errors: vec![InputError {
            ids: addresses.clone(),
            trace_ids: Vec::new(),
            error: problem,
        }],
    }
}

/// A worker that may create, whose lookup of these users has found nobody; with the create that follows.
pub(super) fn found_nobody(claims: &[Claim]) -> (Bench, CallId, Call) {
    let mut bench = Bench::with(creating);
    let (call, find) = bench.deliver_together(claims);
    bench.answer(call, nowhere(&find));
    let (call, create) = bench.call();
    (bench, call, create)
}

pub(super) fn created(input: &CreateInput, contact_id: &str) -> CreatedContact {
    CreatedContact {
        contact_id: contact_id.to_owned(),
        address: Some(input.address.clone()),
        trace_id: Some(input.trace_id.clone()),
    }
}

pub(super) fn refusal(input: &CreateInput, kind: CallErrorKind) -> InputError {
    InputError {
        ids: Vec::new(),
        trace_ids: vec![input.trace_id.clone()],
        error: CallError {
            kind,
            reason: reason("X"),
        },
    }
}

fn invalid(properties: &[&str]) -> CallErrorKind {
    let named = properties
        .iter()
        .map(|property| ((*property).to_owned(), reason("BAD")));
    CallErrorKind::Invalid {
        properties: named.collect::<BTreeMap<_, _>>(),
    }
}

#[test]
fn a_user_without_a_contact_gets_one_with_every_field_that_has_a_value() {
    let mut user = claim("a");
    user.dirty = [Field::FirstName].into_iter().collect();
    user.values.insert(Field::LastName, None);
    let (mut bench, call, create) = found_nobody(&[user]);
    let [input] = creates(&create) else {
        panic!("one input: {create:?}")
    };
    let names: Vec<_> = input.properties.keys().copied().collect();
    assert_eq!(
        (input.address.as_str(), names),
        ("a@example.com", vec!["email", "firstname"])
    );
    bench.answer(
        call,
        Response::Created {
            results: vec![created(input, "77")],
            errors: Vec::new(),
        },
    );
    let (_, record) = bench.record();
    assert!(record.claim.is_none(), "nothing is left to write");
    let verdict = &record.results[0];
    let link = verdict.link.as_ref().expect("the new contact");
    assert_eq!(
        (link.contact_id.as_str(), link.account_id.as_str(), link.origin),
        ("77", ACCOUNT, LinkOrigin::Created)
    );
    assert_eq!(verdict.field_results[&Field::FirstName], FieldResult::Confirmed);
    assert_eq!(verdict.confirmed_address.as_deref(), Some("a@example.com"));
    assert!(!verdict.may_have_created);
}

#[test]
fn a_user_that_had_a_contact_gets_no_other_one() {
    let mut bench = Bench::with(creating);
    let (call, _) = bench.deliver(&[linked("a", &[Field::FirstName])]);
    bench.answer(call, problem(CallErrorKind::NotFound));
    let (call, read) = bench.call();
    assert!(matches!(read, Call::Read { .. }));
    bench.answer(call, problem(CallErrorKind::NotFound));
    let (call, find) = bench.call();
    bench.answer(call, nowhere(&find));
    assert_eq!(
        bench.verdict().field_results[&Field::FirstName],
        FieldResult::NotFound
    );
}

#[test]
fn a_refused_field_is_left_out_and_a_refused_address_makes_no_contact() {
    let (mut bench, call, create) = found_nobody(&[claim("a")]);
    let refused = |create: &Call, properties: &[&str]| Response::Created {
        results: Vec::new(),
        errors: vec![refusal(&creates(create)[0], invalid(properties))],
    };
    bench.answer(call, refused(&create, &["lastname"]));
    let (call, create) = bench.call();
    assert!(!creates(&create)[0].properties.contains_key("lastname"));
    bench.answer(call, refused(&create, &["email"]));
    let verdict = bench.verdict();
    assert!(matches!(
        verdict.field_results[&Field::LastName],
        FieldResult::Rejected { .. }
    ));
    assert!(matches!(
        verdict.field_results[&Field::Email],
        FieldResult::Rejected { .. }
    ));
    assert_eq!(verdict.field_results[&Field::FirstName], FieldResult::NotFound);
    assert!(verdict.link.is_none() && verdict.failure.is_none());
}

#[test]
fn after_a_refusal_that_names_no_field_the_address_alone_makes_the_contact() {
    let refused = |create: &Call| Response::Created {
        results: Vec::new(),
        errors: vec![refusal(&creates(create)[0], invalid(&["company"]))],
    };
    let (mut bench, call, create) = found_nobody(&[claim("a")]);
    bench.answer(call, refused(&create));
    let (call, alone) = bench.call();
    let sent: Vec<_> = creates(&alone)[0].properties.keys().copied().collect();
    assert_eq!(sent, ["email"]);
    let (results, errors) = (vec![created(&creates(&alone)[0], "c9")], Vec::new());
    bench.answer(call, Response::Created { results, errors });
    let verdict = bench.verdict();
    assert_eq!(verdict.link.expect("a link").origin, LinkOrigin::Created);
    assert_eq!(verdict.field_results[&Field::Email], FieldResult::Confirmed);
    let values = claim("a").values;
    for field in [Field::FirstName, Field::LastName] {
        let has_value = values[&field].is_some();
        assert_eq!(
            verdict.field_results.contains_key(&field),
            !has_value,
            "{field:?}"
        );
    }

    let (mut bench, call, create) = found_nobody(&[claim("a")]);
    bench.answer(call, refused(&create));
    let (call, alone) = bench.call();
    bench.answer(call, refused(&alone));
    let outcomes = bench.verdict().field_results;
    assert!(matches!(outcomes[&Field::Email], FieldResult::Rejected { .. }));
    assert_eq!(outcomes[&Field::FirstName], FieldResult::NotFound);
}

#[test]
fn a_create_without_an_answer_may_have_made_a_contact() {
    for (kind, late) in [
        (CallErrorKind::NoResponse, true),
        (CallErrorKind::UnreadableBody, false),
    ] {
        let (mut bench, call, _) = found_nobody(&[claim("a")]);
        bench.answer(call, problem(kind));
        let verdict = bench.verdict();
        assert!(verdict.may_have_created && verdict.failure.is_some());
        assert_eq!(verdict.may_apply_late, late);
    }
}

#[test]
fn a_success_that_does_not_list_the_contact_is_looked_into() {
    let (mut bench, call, _) = found_nobody(&[claim("a")]);
    let nothing = Response::Created {
        results: Vec::new(),
        errors: Vec::new(),
    };
    bench.answer(call, nothing);
    let (call, find) = bench.call();
    assert_eq!(
        find,
        Call::FindSingle {
            address: "a@example.com".into()
        }
    );
    bench.answer(call, problem(CallErrorKind::NotFound));
    let verdict = bench.verdict();
    assert!(verdict.may_have_created && verdict.failure.is_some());
}
