//! Contacts that a write does not find or does not list: still there, merged, gone.

use std::collections::BTreeMap;

use contracts::{Field, FieldResult, LinkOrigin, WriteTarget};

use super::harness::TestWorker;
use super::samples::{ACCOUNT, all_written, contact, failed, id, linked, reason};
use crate::engine::{Call, CallError, CallErrorKind, CallId, Contact, InputError, Response};

const NAME: &[Field] = &[Field::FIRST_NAME];

fn nowhere(addresses: &[&str]) -> Vec<InputError> {
    let error = CallError {
        kind: CallErrorKind::NotFound,
        reason: reason("OBJECT_NOT_FOUND"),
    };
    vec![InputError {
        ids: addresses.iter().map(|address| (*address).to_owned()).collect(),
        trace_ids: Vec::new(),
        error,
    }]
}

fn found(contacts: Vec<Contact>) -> Response {
    Response::Found {
        contacts,
        errors: Vec::new(),
    }
}

/// A batch update whose response does not list its only input, up to the read of the contact by its id.
fn unlisted(worker: &mut TestWorker) -> CallId {
    let (call, _) = worker.deliver(&[linked("a", NAME)]);
    worker.respond(
        call,
        Response::Updated {
            results: Vec::new(),
            errors: Vec::new(),
        },
    );
    let (call, read) = worker.call();
    assert_eq!(
        read,
        Call::Read {
            contact_id: "c-a".into()
        }
    );
    call
}

#[test]
fn an_input_that_is_not_listed_is_read_and_written_alone() {
    let mut worker = TestWorker::running();
    let call = unlisted(&mut worker);
    worker.respond(call, Response::Contact(contact("c-a", "a@example.com")));
    let (call, patch) = worker.call();
    assert!(matches!(&patch, Call::UpdateSingle { contact_id, .. } if contact_id == "c-a"));
    worker.respond(call, all_written(&patch));
    let result = worker.result();
    assert_eq!(
        result.field_results.get(&Field::FIRST_NAME),
        Some(&FieldResult::CONFIRMED)
    );
}

#[test]
fn a_single_write_that_is_not_listed_is_a_failure() {
    let mut worker = TestWorker::running();
    let call = unlisted(&mut worker);
    worker.respond(call, Response::Contact(contact("c-a", "a@example.com")));
    let (call, _) = worker.call();
    worker.respond(call, failed(CallErrorKind::UnreadableBody));
    let result = worker.result();
    assert!(result.failure.is_some() && result.field_results.is_empty());
    assert_eq!(
        result.written.iter().collect::<Vec<_>>(),
        NAME,
        "what it wrote is unknown"
    );
    assert!(!result.may_apply_late);
}

#[test]
fn a_merge_moves_the_link_before_the_next_write() {
    let mut worker = TestWorker::running();
    let call = unlisted(&mut worker);
    worker.respond(call, Response::Contact(contact("99", "a@example.com")));
    let (_, report) = worker.report();
    let result = &report.results[0];
    let link = result.link.as_ref().expect("a moved link");
    assert_eq!(
        (link.contact_id.as_str(), link.origin),
        ("99", LinkOrigin::Merged)
    );
    assert!(result.field_results.is_empty());
    assert_eq!(report.claim.expect("claimed again").users, [id("a")]);
}

/// A worker whose single write of contact `c-a` was answered for contact `99`.
fn written_under_another_id() -> TestWorker {
    let mut worker = TestWorker::running();
    let call = unlisted(&mut worker);
    worker.respond(call, Response::Contact(contact("c-a", "a@example.com")));
    let (call, mut patch) = worker.call();
    if let Call::UpdateSingle { contact_id, .. } = &mut patch {
        "99".clone_into(contact_id);
    }
    worker.respond(call, all_written(&patch));
    worker
}

#[test]
fn a_single_write_under_another_id_moves_the_link() {
    let mut worker = written_under_another_id();
    // The user service needs the addresses and former ids of the contact, which an update does not show.
    let (call, read) = worker.call();
    assert_eq!(
        read,
        Call::Read {
            contact_id: "99".into()
        }
    );
    let merged = Contact {
        former_ids: vec!["c-a".to_owned()],
        ..contact("99", "primary@example.com")
    };
    worker.respond(call, Response::Contact(merged));
    let result = worker.result();
    assert_eq!(
        result.field_results.get(&Field::FIRST_NAME),
        Some(&FieldResult::CONFIRMED)
    );
    let link = result.link.expect("a moved link");
    assert_eq!(
        (link.contact_id.as_str(), link.origin),
        ("99", LinkOrigin::Merged)
    );
    assert_eq!(link.primary_address.as_deref(), Some("primary@example.com"));
    assert_eq!(link.former_ids, ["c-a"]);
}

#[test]
fn a_contact_that_vanishes_after_it_was_written_under_another_id_fails_for_now() {
    let mut worker = written_under_another_id();
    let (call, _) = worker.call();
    worker.respond(call, failed(CallErrorKind::NotFound));
    let result = worker.result();
    assert_eq!(result.link, None);
    assert!(result.failure.is_some());
    assert_eq!(result.target, Some(WriteTarget::contact(ACCOUNT, "c-a")));
}

#[test]
fn a_lost_contact_is_looked_up_by_both_addresses() {
    let mut worker = TestWorker::running();
    let call = unlisted(&mut worker);
    worker.respond(call, failed(CallErrorKind::NotFound));
    let (call, find) = worker.call();
    let addresses = vec!["old-a@example.com".to_owned(), "a@example.com".to_owned()];
    assert_eq!(find, Call::Find { addresses });
    let errors = nowhere(&["old-a@example.com"]);
    worker.respond(
        call,
        Response::Found {
            contacts: vec![contact("8", "a@example.com")],
            errors,
        },
    );
    let link = worker.result().link.expect("a new link");
    assert_eq!(
        (link.contact_id.as_str(), link.address.as_deref()),
        ("8", Some("a@example.com"))
    );
}

#[test]
fn the_last_confirmed_address_goes_before_the_current_one() {
    let mut worker = TestWorker::running();
    let call = unlisted(&mut worker);
    worker.respond(call, failed(CallErrorKind::NotFound));
    let (call, _) = worker.call();
    worker.respond(
        call,
        found(vec![
            contact("8", "a@example.com"),
            contact("9", "old-a@example.com"),
        ]),
    );
    assert_eq!(
        worker.result().link.map(|link| link.contact_id).as_deref(),
        Some("9")
    );
}

#[test]
fn a_lost_contact_that_no_address_finds_is_not_found() {
    let mut worker = TestWorker::running();
    let call = unlisted(&mut worker);
    worker.respond(call, failed(CallErrorKind::NotFound));
    let (call, _) = worker.call();
    let errors = nowhere(&["old-a@example.com", "a@example.com"]);
    worker.respond(
        call,
        Response::Found {
            contacts: Vec::new(),
            errors,
        },
    );
    let result = worker.result();
    assert_eq!(
        result.field_results.get(&Field::FIRST_NAME),
        Some(&FieldResult::NotFound)
    );
    assert!(result.link.is_none());
}

#[test]
fn a_contact_found_under_its_lost_id_is_a_failure() {
    let mut worker = TestWorker::running();
    let call = unlisted(&mut worker);
    worker.respond(call, failed(CallErrorKind::NotFound));
    let (call, _) = worker.call();
    worker.respond(call, found(vec![contact("c-a", "old-a@example.com")]));
    let result = worker.result();
    assert!(result.link.is_none());
    assert_eq!(
        result.failure.map(|failure| failure.reason.code).as_deref(),
        Some("CONTACT_UNSETTLED")
    );
}

#[test]
fn a_seen_contact_that_a_write_misses_is_looked_up() {
    let mut worker = TestWorker::running();
    let call = unlisted(&mut worker);
    worker.respond(call, Response::Contact(contact("c-a", "a@example.com")));
    let (call, _) = worker.call();
    worker.respond(call, failed(CallErrorKind::NotFound));
    assert!(
        matches!(worker.call().1, Call::Find { .. }),
        "it is not read again"
    );
}

#[test]
fn a_success_that_lists_no_record_is_repeated_in_halves() {
    let mut worker = TestWorker::running();
    let (call, _) = worker.deliver_together(&[linked("a", NAME), linked("b", NAME)]);
    let errors = Vec::new();
    let results = Vec::new();
    worker.respond(call, Response::Updated { results, errors });
    for _ in 0..2 {
        let (_, half) = worker.call();
        assert!(
            matches!(half, Call::Update { .. }) && half.size() == 1,
            "{half:?}"
        );
    }
}

#[test]
fn contacts_that_are_read_one_by_one_do_not_hold_up_a_batch() {
    let mut worker = TestWorker::running();
    let claims: Vec<_> = (0..50)
        .map(|number| linked(&format!("u{number}"), NAME))
        .collect();
    let (call, _) = worker.deliver_together(&claims);
    let ids: Vec<String> = (0..50).map(|number| format!("c-u{number}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (results, errors) = (Vec::new(), nowhere(&ids));
    worker.respond(call, Response::Updated { results, errors });
    worker.wake("later");
    worker.give_all(&[linked("later", NAME)]);
    for others in 0.. {
        while worker.engine.dispatch.rate_limiter().next_call_at(worker.now) > worker.now {
            worker.pass(
                worker
                    .engine
                    .dispatch
                    .rate_limiter()
                    .next_call_at(worker.now)
                    .saturating_sub(worker.now),
            );
        }
        let (call, next) = worker.call();
        match next {
            Call::Update { .. } => return assert!(others < 10, "after {others} calls for others"),
            Call::Find { addresses } => {
                let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
                let (contacts, errors) = (Vec::new(), nowhere(&addresses));
                worker.respond(call, Response::Found { contacts, errors });
            }
            _ => worker.respond(call, failed(CallErrorKind::NotFound)),
        }
    }
}

#[test]
fn a_lost_contacts_confirmations_do_not_count_for_the_next() {
    let mut worker = TestWorker::running();
    let both = &[Field::FIRST_NAME, Field::LAST_NAME];
    let (call, _) = worker.deliver(&[linked("a", both)]);
    let fields = BTreeMap::new();
    worker.respond(call, failed(CallErrorKind::Invalid { fields }));
    let (call, update) = worker.call();
    worker.respond(call, all_written(&update));
    for _ in 0..2 {
        let (call, _) = worker.call();
        worker.respond(call, failed(CallErrorKind::NotFound));
    }
    let (call, _) = worker.call();
    let contacts = vec![contact("c-2", "a@example.com")];
    let errors = nowhere(&["old-a@example.com"]);
    worker.respond(call, Response::Found { contacts, errors });
    let result = worker.result();
    assert_eq!(result.link.expect("found").contact_id, "c-2");
    assert!(result.field_results.is_empty(), "{:?}", result.field_results);
    assert!(result.written.contains(Field::FIRST_NAME) && result.confirmed_address.is_none());
}
