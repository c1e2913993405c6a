//! Refused values and taken addresses.

use std::collections::BTreeMap;

use contracts::{Field, FieldResult, LinkOrigin};

use super::bench::Bench;
use super::samples::{all_written, contact, error_of, inputs, linked, problem, reason, written};
use crate::engine::{Call, CallError, CallErrorKind, EmailConflict, InputError, Response};

const BOTH: &[Field] = &[Field::Email, Field::FirstName];

fn invalid(properties: &[&str]) -> CallErrorKind {
    let reasons = properties
        .iter()
        .map(|property| ((*property).to_owned(), reason("INVALID_EMAIL")));
    CallErrorKind::Invalid {
        properties: reasons.collect::<BTreeMap<_, _>>(),
    }
}

fn taken_by(contact_id: Option<&str>) -> CallErrorKind {
    CallErrorKind::Conflict {
        existing_id: contact_id.map(str::to_owned),
    }
}

/// The first write of a user that owes address and name is answered so.
fn refused(bench: &mut Bench, kind: CallErrorKind) {
    let (call, update) = bench.deliver(&[linked("a", BOTH)]);
    let errors = vec![error_of(&inputs(&update)[0], kind)];
    bench.answer(
        call,
        Response::Updated {
            results: Vec::new(),
            errors,
        },
    );
}

fn properties(call: &Call) -> Vec<&'static str> {
    match call {
        Call::UpdateSingle { properties, .. } => properties.keys().copied().collect(),
        other => inputs(other)[0].properties.keys().copied().collect(),
    }
}

#[test]
fn a_refused_field_is_left_out_and_the_rest_is_sent_again_at_once() {
    let mut bench = Bench::running();
    refused(&mut bench, invalid(&["email"]));
    let (call, update) = bench.call();
    assert_eq!(properties(&update), ["firstname"]);
    bench.answer(call, all_written(&update));
    let verdict = bench.verdict();
    let code = |outcome: &FieldResult| matches!(outcome, FieldResult::Rejected { reason } if reason.code == "INVALID_EMAIL");
    assert!(code(&verdict.field_results[&Field::Email]));
    assert_eq!(verdict.field_results[&Field::FirstName], FieldResult::Confirmed);
    assert_eq!(verdict.written.iter().collect::<Vec<_>>(), [Field::FirstName]);
    assert!(verdict.confirmed_address.is_none() && verdict.failure.is_none());
}

#[test]
fn a_refusal_that_names_no_field_of_ours_is_repeated_field_by_field() {
    for named in [&[][..], &["favourite_colour"]] {
        let mut bench = Bench::running();
        refused(&mut bench, invalid(named));
        let (call, patch) = bench.call();
        assert_eq!(properties(&patch), ["email"]);
        bench.answer(call, problem(invalid(named)));
        let (call, patch) = bench.call();
        assert_eq!(properties(&patch), ["firstname"]);
        bench.answer(call, Response::Contact(contact("c-a", "old@example.com")));
        let verdict = bench.verdict();
        assert!(matches!(
            verdict.field_results[&Field::Email],
            FieldResult::Rejected { .. }
        ));
        assert_eq!(verdict.field_results[&Field::FirstName], FieldResult::Confirmed);
    }
}

#[test]
fn an_address_the_contact_itself_holds_is_confirmed_and_the_rest_sent() {
    let mut bench = Bench::running();
    refused(&mut bench, taken_by(Some("c-a")));
    let (call, update) = bench.call();
    assert_eq!(properties(&update), ["firstname"]);
    bench.answer(call, all_written(&update));
    let verdict = bench.verdict();
    assert_eq!(verdict.field_results[&Field::Email], FieldResult::Confirmed);
    assert_eq!(verdict.confirmed_address.as_deref(), Some("a@example.com"));
}

/// Before an address counts as taken: the contact may be the holder's former id.
fn own_contact_is_read(bench: &mut Bench) {
    let (call, read) = bench.call();
    assert_eq!(
        read,
        Call::Read {
            contact_id: "c-a".into()
        }
    );
    bench.answer(call, Response::Contact(contact("c-a", "old@example.com")));
}

#[test]
fn an_address_that_the_contact_holds_under_another_id_is_not_taken() {
    let settings = [EmailConflict::Reject, EmailConflict::Follow];
    for email_taken in settings {
        let mut bench = Bench::with(|settings| settings.email_conflict = email_taken);
        refused(&mut bench, taken_by(Some("7")));
        let (call, _) = bench.call();
        bench.answer(call, Response::Contact(contact("7", "old@example.com")));
        let verdict = bench.verdict();
        let link = verdict.link.expect("the contact's present id");
        assert_eq!((link.contact_id.as_str(), link.origin), ("7", LinkOrigin::Merged));
        assert!(verdict.field_results.is_empty());
    }
}

#[test]
fn a_taken_address_is_followed_without_an_outcome_and_without_a_further_write() {
    let mut bench = Bench::running();
    refused(&mut bench, taken_by(Some("7")));
    own_contact_is_read(&mut bench);
    assert!(bench.any_call().is_none());
    let verdict = bench.verdict();
    let link = verdict.link.expect("the contact that holds the address");
    assert_eq!(
        (link.contact_id.as_str(), link.origin),
        ("7", LinkOrigin::Followed)
    );
    assert_eq!(link.address.as_deref(), Some("a@example.com"));
    assert!(verdict.field_results.is_empty() && verdict.written.is_empty());
}

#[test]
fn a_taken_address_is_settled_as_taken_where_the_setting_says_so_and_the_rest_is_sent() {
    let mut bench = Bench::with(|settings| settings.email_conflict = EmailConflict::Reject);
    refused(&mut bench, taken_by(Some("7")));
    own_contact_is_read(&mut bench);
    let (call, update) = bench.call();
    assert_eq!(properties(&update), ["firstname"]);
    bench.answer(call, all_written(&update));
    let verdict = bench.verdict();
    assert!(matches!(
        verdict.field_results[&Field::Email],
        FieldResult::Conflict { .. }
    ));
    assert_eq!(verdict.field_results[&Field::FirstName], FieldResult::Confirmed);
    assert!(verdict.link.is_none());
}

#[test]
fn a_conflict_that_names_nobody_is_resolved_by_a_lookup() {
    let mut bench = Bench::running();
    refused(&mut bench, taken_by(None));
    let (call, find) = bench.call();
    assert_eq!(
        find,
        Call::Find {
            addresses: vec!["a@example.com".into()]
        }
    );
    bench.answer(
        call,
        Response::Found {
            contacts: vec![contact("7", "a@example.com")],
            errors: Vec::new(),
        },
    );
    own_contact_is_read(&mut bench);
    let link = bench.verdict().link.expect("a link");
    assert_eq!(
        (link.contact_id.as_str(), link.origin),
        ("7", LinkOrigin::Followed)
    );
}

#[test]
fn a_conflict_about_an_address_nobody_has_is_a_failure() {
    let mut bench = Bench::running();
    refused(&mut bench, taken_by(None));
    let (call, _) = bench.call();
    let problem = CallError {
        kind: CallErrorKind::NotFound,
        reason: reason("OBJECT_NOT_FOUND"),
    };
    let errors = vec![InputError {
        ids: vec!["a@example.com".into()],
        trace_ids: Vec::new(),
        error: problem,
    }];
    bench.answer(
        call,
        Response::Found {
            contacts: Vec::new(),
            errors,
        },
    );
    let verdict = bench.verdict();
    assert!(verdict.failure.is_some() && verdict.field_results.is_empty() && verdict.link.is_none());
}

#[test]
fn a_bad_record_does_not_hold_up_the_one_beside_it() {
    let mut bench = Bench::running();
    let (call, update) = bench.deliver_together(&[linked("a", BOTH), linked("b", BOTH)]);
    let [a, b] = inputs(&update) else {
        panic!("both in one batch: {update:?}")
    };
    let errors = vec![error_of(a, invalid(&["email", "firstname"]))];
    bench.answer(
        call,
        Response::Updated {
            results: vec![written(b)],
            errors,
        },
    );
    let (_, record) = bench.record();
    let outcomes: Vec<_> = record
        .results
        .iter()
        .map(|verdict| &verdict.field_results[&Field::Email])
        .collect();
    assert!(matches!(
        outcomes[..],
        [FieldResult::Rejected { .. }, FieldResult::Confirmed]
    ));
}
