//! Batches of creates: each result is matched by what it names.

use contracts::{Field, LinkOrigin, NextAction};

use super::creates::{created, found_nobody, rejection};
use super::samples::{claim, contact, creates, id};
use crate::engine::{Call, CallErrorKind, InputError, Response};

#[test]
fn results_are_matched_by_trace_id_or_address_never_by_position() {
    let (mut worker, call, create) = found_nobody(&[claim("a"), claim("b")]);
    let [a, b] = creates(&create) else {
        panic!("two inputs: {create:?}")
    };
    let mut by_address = created(b, "2");
    by_address.trace_id = None;
    let address = by_address.address().map(|address| address.to_uppercase().into());
    by_address.values.insert(Field::EMAIL, address);
    let results = vec![by_address, created(a, "1")];
    let errors = Vec::new();
    worker.respond(call, Response::Created { results, errors });
    let results = worker.report().1.results;
    let linked: Vec<_> = results
        .iter()
        .filter_map(|result| Some((result.user_id.as_str(), result.link.as_ref()?.contact_id.as_str())))
        .collect();
    assert_eq!(linked, [("a", "1"), ("b", "2")]);
}

#[test]
fn an_error_that_names_an_address_is_about_that_create_alone() {
    let (mut worker, call, create) = found_nobody(&[claim("a"), claim("b")]);
    let [a, b] = creates(&create) else {
        panic!("two inputs: {create:?}")
    };
    let by_address = InputError {
        ids: vec![b.address.to_uppercase()],
        trace_ids: Vec::new(),
        ..rejection(b, CallErrorKind::Conflict)
    };
    let results = vec![created(a, "1")];
    let errors = vec![by_address];
    worker.respond(call, Response::Created { results, errors });
    let result = worker.result();
    assert_eq!(result.link.map(|link| link.contact_id).as_deref(), Some("1"));
    let addresses = vec![b.address.clone()];
    assert_eq!(
        worker.call().1,
        Call::Find { addresses },
        "who has it is looked up"
    );
}

#[test]
fn two_users_of_one_address_are_not_created_at_once() {
    let mut other = claim("b");
    let email = Some("A@example.com".into());
    other.values.insert(Field::EMAIL, email);
    let (mut worker, call, create) = found_nobody(&[claim("a"), other]);
    assert_eq!(create.size(), 1);
    assert!(worker.any_call().is_none(), "the second waits for the first");
    let response = Response::Created {
        results: vec![created(&creates(&create)[0], "77")],
        errors: Vec::new(),
    };
    worker.respond(call, response);
    let (call, create) = worker.call();
    worker.respond(
        call,
        Response::Created {
            results: Vec::new(),
            errors: vec![rejection(&creates(&create)[0], CallErrorKind::Conflict)],
        },
    );
    let (call, find) = worker.call();
    assert!(matches!(find, Call::Find { .. }), "who has the address is asked");
    let response = Response::Found {
        contacts: vec![contact("77", "a@example.com")],
        errors: Vec::new(),
    };
    worker.respond(call, response);
    let mut links = Vec::new();
    while let Some((request, report)) = worker.any_report() {
        links.extend(
            report
                .results
                .iter()
                .filter_map(|result| Some((result.user_id.clone(), result.link.as_ref()?.origin))),
        );
        worker.take(request, &report, NextAction::Clean);
    }
    assert_eq!(
        links,
        [
            (id("a"), LinkOrigin::Created),
            (id("b"), LinkOrigin::PrimaryAddress)
        ]
    );
}
