//! Batches of creates: each is checked off by its name.

use contracts::{Field, LinkOrigin, NextAction};

use super::creates::{created, found_nobody, refusal};
use super::samples::{claim, contact, creates, id};
use crate::engine::{Call, CallErrorKind, InputError, Response};

#[test]
fn results_are_matched_by_trace_id_or_address_never_by_position() {
    let (mut bench, call, create) = found_nobody(&[claim("a"), claim("b")]);
    let [a, b] = creates(&create) else {
        panic!("two inputs: {create:?}")
    };
    let mut by_address = created(b, "2");
    by_address.trace_id = None;
    by_address.address = by_address.address.map(|address| address.to_uppercase());
    let results = vec![by_address, created(a, "1")];
    let errors = Vec::new();
    bench.answer(call, Response::Created { results, errors });
    let verdicts = bench.record().1.results;
    let linked: Vec<_> = verdicts
        .iter()
        .filter_map(|verdict| {
            Some((
                verdict.user_id.as_str(),
                verdict.link.as_ref()?.contact_id.as_str(),
            ))
        })
        .collect();
    assert_eq!(linked, [("a", "1"), ("b", "2")]);
}

#[test]
fn an_error_that_names_an_address_is_about_that_create_alone() {
    let (mut bench, call, create) = found_nobody(&[claim("a"), claim("b")]);
    let [a, b] = creates(&create) else {
        panic!("two inputs: {create:?}")
    };
    let by_address = InputError {
        ids: vec![b.address.to_uppercase()],
        trace_ids: Vec::new(),
        ..refusal(b, CallErrorKind::Conflict { existing_id: None })
    };
    let results = vec![created(a, "1")];
    let errors = vec![by_address];
    bench.answer(call, Response::Created { results, errors });
    let verdict = bench.verdict();
    assert_eq!(verdict.link.map(|link| link.contact_id).as_deref(), Some("1"));
    let addresses = vec![b.address.clone()];
    assert_eq!(
        bench.call().1,
        Call::Find { addresses },
        "who has it is looked up"
    );
}

#[test]
fn two_users_of_one_address_are_not_created_at_once() {
    let mut other = claim("b");
    let email = Some("A@example.com".to_owned());
    other.values.insert(Field::Email, email);
    let (mut bench, call, create) = found_nobody(&[claim("a"), other]);
    assert_eq!(create.size(), 1);
    assert!(bench.any_call().is_none(), "the second waits for the first");
    let answer = Response::Created {
        results: vec![created(&creates(&create)[0], "77")],
        errors: Vec::new(),
    };
    bench.answer(call, answer);
    let (call, create) = bench.call();
    bench.answer(
        call,
        Response::Created {
            results: Vec::new(),
            errors: vec![refusal(
                &creates(&create)[0],
                CallErrorKind::Conflict {
                    existing_id: Some("77".into()),
                },
            )],
        },
    );
    let (call, find) = bench.call();
    assert!(matches!(find, Call::Find { .. }), "who has the address is asked");
    let answer = Response::Found {
        contacts: vec![contact("77", "a@example.com")],
        errors: Vec::new(),
    };
    bench.answer(call, answer);
    let mut links = Vec::new();
    while let Some((request, record)) = bench.any_record() {
        links.extend(
            record
                .results
                .iter()
                .filter_map(|verdict| Some((verdict.user_id.clone(), verdict.link.as_ref()?.origin))),
        );
        bench.take(request, &record, NextAction::Clean);
    }
    assert_eq!(
        links,
        [
            (id("a"), LinkOrigin::Created),
            (id("b"), LinkOrigin::PrimaryAddress)
        ]
    );
}
