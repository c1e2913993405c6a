//! Contacts that a write passed over: still there, merged, gone.

use std::collections::BTreeMap;

use contracts::{Field, FieldResult, LinkOrigin};

use super::bench::Bench;
use super::samples::{contact, id, linked, problem, reason};
use crate::engine::{Call, CallError, CallErrorKind, CallId, Contact, InputError, Response};

const NAME: &[Field] = &[Field::FirstName];

fn nowhere(addresses: &[&str]) -> Vec<InputError> {
    let problem = CallError {
        kind: CallErrorKind::NotFound,
        reason: reason("OBJECT_NOT_FOUND"),
    };
    vec![InputError {
        ids: addresses.iter().map(|address| (*address).to_owned()).collect(),
        trace_ids: Vec::new(),
        error: problem,
    }]
}

fn found(contacts: Vec<Contact>) -> Response {
    Response::Found {
        contacts,
        errors: Vec::new(),
    }
}

/// A batch update that says nothing of its only input, up to the question for the contact by its id.
fn passed_over(bench: &mut Bench) -> CallId {
    let (call, _) = bench.deliver(&[linked("a", NAME)]);
    bench.answer(
        call,
        Response::Updated {
            results: Vec::new(),
            errors: Vec::new(),
        },
    );
    let (call, read) = bench.call();
    assert_eq!(
        read,
        Call::Read {
            contact_id: "c-a".into()
        }
    );
    call
}

#[test]
fn an_input_a_success_does_not_list_is_asked_for_by_its_id_and_written_alone() {
    let mut bench = Bench::running();
    let call = passed_over(&mut bench);
    bench.answer(call, Response::Contact(contact("c-a", "a@example.com")));
    let (call, patch) = bench.call();
    assert!(matches!(patch, Call::UpdateSingle { contact_id, .. } if contact_id == "c-a"));
    bench.answer(call, Response::Contact(contact("c-a", "a@example.com")));
    let verdict = bench.verdict();
    assert_eq!(
        verdict.field_results.get(&Field::FirstName),
        Some(&FieldResult::Confirmed)
    );
}

#[test]
fn a_write_alone_that_says_nothing_either_is_a_failure() {
    let mut bench = Bench::running();
    let call = passed_over(&mut bench);
    bench.answer(call, Response::Contact(contact("c-a", "a@example.com")));
    let (call, _) = bench.call();
    bench.answer(call, problem(CallErrorKind::UnreadableBody));
    let verdict = bench.verdict();
    assert!(verdict.failure.is_some() && verdict.field_results.is_empty());
    assert_eq!(
        verdict.written.iter().collect::<Vec<_>>(),
        NAME,
        "what it wrote is unknown"
    );
    assert!(!verdict.may_apply_late);
}

#[test]
fn a_contact_that_answers_under_another_id_was_merged_and_the_link_moves_before_the_next_write() {
    let mut bench = Bench::running();
    let call = passed_over(&mut bench);
    bench.answer(call, Response::Contact(contact("99", "a@example.com")));
    let (_, record) = bench.record();
    let verdict = &record.results[0];
    let link = verdict.link.as_ref().expect("a moved link");
    assert_eq!(
        (link.contact_id.as_str(), link.origin),
        ("99", LinkOrigin::Merged)
    );
    assert!(verdict.field_results.is_empty());
    assert_eq!(record.claim.expect("claimed again").users, [id("a")]);
}

#[test]
fn a_write_alone_that_is_answered_for_another_id_is_confirmed_and_moves_the_link() {
    let mut bench = Bench::running();
    let call = passed_over(&mut bench);
    bench.answer(call, Response::Contact(contact("c-a", "a@example.com")));
    let (call, _) = bench.call();
    bench.answer(call, Response::Contact(contact("99", "a@example.com")));
    let verdict = bench.verdict();
    assert_eq!(
        verdict.field_results.get(&Field::FirstName),
        Some(&FieldResult::Confirmed)
    );
    assert_eq!(verdict.link.map(|link| link.contact_id).as_deref(), Some("99"));
}

#[test]
fn a_contact_that_is_gone_is_looked_up_by_the_last_confirmed_address_and_by_the_current_one() {
    let mut bench = Bench::running();
    let call = passed_over(&mut bench);
    bench.answer(call, problem(CallErrorKind::NotFound));
    let (call, find) = bench.call();
    let addresses = vec!["old-a@example.com".to_owned(), "a@example.com".to_owned()];
    assert_eq!(find, Call::Find { addresses });
    let errors = nowhere(&["old-a@example.com"]);
    bench.answer(
        call,
        Response::Found {
            contacts: vec![contact("8", "a@example.com")],
            errors,
        },
    );
    let link = bench.verdict().link.expect("a new link");
    assert_eq!(
        (link.contact_id.as_str(), link.address.as_deref()),
        ("8", Some("a@example.com"))
    );
}

#[test]
fn the_last_confirmed_address_goes_before_the_current_one() {
    let mut bench = Bench::running();
    let call = passed_over(&mut bench);
    bench.answer(call, problem(CallErrorKind::NotFound));
    let (call, _) = bench.call();
    bench.answer(
        call,
        found(vec![
            contact("8", "a@example.com"),
            contact("9", "old-a@example.com"),
        ]),
    );
    assert_eq!(
        bench.verdict().link.map(|link| link.contact_id).as_deref(),
        Some("9")
    );
}

#[test]
fn a_contact_that_is_gone_and_nowhere_else_is_missing() {
    let mut bench = Bench::running();
    let call = passed_over(&mut bench);
    bench.answer(call, problem(CallErrorKind::NotFound));
    let (call, _) = bench.call();
    let errors = nowhere(&["old-a@example.com", "a@example.com"]);
    bench.answer(
        call,
        Response::Found {
            contacts: Vec::new(),
            errors,
        },
    );
    let verdict = bench.verdict();
    assert_eq!(
        verdict.field_results.get(&Field::FirstName),
        Some(&FieldResult::NotFound)
    );
    assert!(verdict.link.is_none());
}

#[test]
fn a_contact_found_by_address_under_the_id_that_is_gone_is_not_followed_in_circles() {
    let mut bench = Bench::running();
    let call = passed_over(&mut bench);
    bench.answer(call, problem(CallErrorKind::NotFound));
    let (call, _) = bench.call();
    bench.answer(call, found(vec![contact("c-a", "old-a@example.com")]));
    let verdict = bench.verdict();
    assert!(verdict.link.is_none());
    assert_eq!(
        verdict.failure.map(|failure| failure.reason.code).as_deref(),
        Some("CONTACT_UNSETTLED")
    );
}

#[test]
fn a_contact_that_was_read_and_that_a_write_does_not_find_is_looked_up_by_its_addresses() {
    let mut bench = Bench::running();
    let call = passed_over(&mut bench);
    bench.answer(call, Response::Contact(contact("c-a", "a@example.com")));
    let (call, _) = bench.call();
    bench.answer(call, problem(CallErrorKind::NotFound));
    assert!(
        matches!(bench.call().1, Call::Find { .. }),
        "it is not read again"
    );
}

#[test]
fn a_success_that_lists_nobody_of_a_batch_is_asked_for_again_in_halves() {
    let mut bench = Bench::running();
    let (call, _) = bench.deliver_together(&[linked("a", NAME), linked("b", NAME)]);
    let errors = Vec::new();
    let results = Vec::new();
    bench.answer(call, Response::Updated { results, errors });
    for _ in 0..2 {
        let (_, half) = bench.call();
        assert!(
            matches!(half, Call::Update { .. }) && half.size() == 1,
            "{half:?}"
        );
    }
}

#[test]
fn contacts_that_are_asked_for_one_by_one_do_not_hold_up_a_batch() {
    let mut bench = Bench::running();
    let claims: Vec<_> = (0..50)
        .map(|number| linked(&format!("u{number}"), NAME))
        .collect();
    let (call, _) = bench.deliver_together(&claims);
    let ids: Vec<String> = (0..50).map(|number| format!("c-u{number}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (results, errors) = (Vec::new(), nowhere(&ids));
    bench.answer(call, Response::Updated { results, errors });
    bench.wake("later");
    bench.give_all(&[linked("later", NAME)]);
    for others in 0.. {
        while bench.engine.dispatch.rate_limiter().next_call_at(bench.now) > bench.now {
            bench.pass(
                bench
                    .engine
                    .dispatch
                    .rate_limiter()
                    .next_call_at(bench.now)
                    .saturating_sub(bench.now),
            );
        }
        let (call, next) = bench.call();
        match next {
            Call::Update { .. } => return assert!(others < 10, "after {others} calls for others"),
            Call::Find { addresses } => {
                let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
                let (contacts, errors) = (Vec::new(), nowhere(&addresses));
                bench.answer(call, Response::Found { contacts, errors });
            }
            _ => bench.answer(call, problem(CallErrorKind::NotFound)),
        }
    }
}

#[test]
fn what_a_contact_confirmed_before_it_was_gone_is_not_confirmed_of_the_one_found_instead() {
    let mut bench = Bench::running();
    let both = &[Field::FirstName, Field::LastName];
    let (call, _) = bench.deliver(&[linked("a", both)]);
    let properties = BTreeMap::new();
    bench.answer(call, problem(CallErrorKind::Invalid { properties }));
    let (call, _) = bench.call();
    bench.answer(call, Response::Contact(contact("c-a", "a@example.com")));
    for _ in 0..2 {
        let (call, _) = bench.call();
        bench.answer(call, problem(CallErrorKind::NotFound));
    }
    let (call, _) = bench.call();
    let contacts = vec![contact("c-2", "a@example.com")];
    let errors = nowhere(&["old-a@example.com"]);
    bench.answer(call, Response::Found { contacts, errors });
    let verdict = bench.verdict();
    assert_eq!(verdict.link.expect("found").contact_id, "c-2");
    assert!(verdict.field_results.is_empty(), "{:?}", verdict.field_results);
    assert!(verdict.written.contains(Field::FirstName) && verdict.confirmed_address.is_none());
}
