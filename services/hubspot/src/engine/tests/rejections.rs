//! Rejected values and conflicting addresses.

use contracts::{Field, FieldResult, LinkOrigin};

use super::harness::TestWorker;
use super::samples::{all_written, contact, error_of, failed, inputs, linked, reason, written};
use crate::engine::{Call, CallError, CallErrorKind, Contact, EmailConflict, InputError, Response};

const BOTH: &[Field] = &[Field::EMAIL, Field::FIRST_NAME];

fn invalid(properties: &[&str]) -> CallErrorKind {
    CallErrorKind::Invalid {
        fields: super::samples::rejected_fields(properties, "INVALID_EMAIL"),
    }
}

/// The first write of a user with a dirty address and name gets this response.
fn rejected(worker: &mut TestWorker, kind: CallErrorKind) {
    let (call, update) = worker.deliver(&[linked("a", BOTH)]);
    let errors = vec![error_of(&inputs(&update)[0], kind)];
    worker.respond(
        call,
        Response::Updated {
            results: Vec::new(),
            errors,
        },
    );
}

fn fields(call: &Call) -> Vec<Field> {
    match call {
        Call::UpdateSingle { values, .. } => values.keys().copied().collect(),
        other => inputs(other)[0].values.keys().copied().collect(),
    }
}

#[test]
fn a_rejected_field_is_left_out_and_the_rest_sent_again() {
    let mut worker = TestWorker::running();
    rejected(&mut worker, invalid(&["email"]));
    let (call, update) = worker.call();
    assert_eq!(fields(&update), [Field::FIRST_NAME]);
    worker.respond(call, all_written(&update));
    let result = worker.result();
    let code = |outcome: &FieldResult| matches!(outcome, FieldResult::Rejected { reason } if reason.code == "INVALID_EMAIL");
    assert!(code(&result.field_results[&Field::EMAIL]));
    assert_eq!(result.field_results[&Field::FIRST_NAME], FieldResult::CONFIRMED);
    assert_eq!(result.written.iter().collect::<Vec<_>>(), [Field::FIRST_NAME]);
    assert!(result.confirmed_address.is_none() && result.failure.is_none());
}

#[test]
fn an_unnamed_rejection_is_repeated_field_by_field() {
    for named in [&[][..], &["favourite_colour"]] {
        let mut worker = TestWorker::running();
        rejected(&mut worker, invalid(named));
        let (call, patch) = worker.call();
        assert_eq!(fields(&patch), [Field::EMAIL]);
        worker.respond(call, failed(invalid(named)));
        let (call, patch) = worker.call();
        assert_eq!(fields(&patch), [Field::FIRST_NAME]);
        worker.respond(call, all_written(&patch));
        let result = worker.result();
        assert!(matches!(
            result.field_results[&Field::EMAIL],
            FieldResult::Rejected { .. }
        ));
        assert_eq!(result.field_results[&Field::FIRST_NAME], FieldResult::CONFIRMED);
    }
}

#[test]
fn an_address_of_the_own_contact_is_confirmed() {
    let mut worker = TestWorker::running();
    rejected(&mut worker, CallErrorKind::Conflict);
    address_is_looked_up(&mut worker, contact("c-a", "a@example.com"));
    let (call, update) = worker.call();
    assert_eq!(fields(&update), [Field::FIRST_NAME]);
    worker.respond(call, all_written(&update));
    let result = worker.result();
    assert_eq!(result.field_results[&Field::EMAIL], FieldResult::CONFIRMED);
    assert_eq!(result.confirmed_address.as_deref(), Some("a@example.com"));
}

/// The user service needs the addresses of the contact that holds the address, so it is looked up.
fn address_is_looked_up(worker: &mut TestWorker, holder: Contact) {
    let (call, find) = worker.call();
    assert_eq!(
        find,
        Call::Find {
            addresses: vec!["a@example.com".into()]
        }
    );
    worker.respond(
        call,
        Response::Found {
            contacts: vec![holder],
            errors: Vec::new(),
        },
    );
}

#[test]
fn an_address_held_under_a_former_id_is_no_conflict() {
    let settings = [EmailConflict::Reject, EmailConflict::Follow];
    for email_taken in settings {
        let mut worker = TestWorker::with(|settings| settings.email_conflict = email_taken);
        rejected(&mut worker, CallErrorKind::Conflict);
        let holder = Contact {
            former_ids: vec!["c-a".to_owned()],
            ..contact("7", "a@example.com")
        };
        address_is_looked_up(&mut worker, holder);
        let result = worker.result();
        let link = result.link.expect("the contact's present id");
        assert_eq!((link.contact_id.as_str(), link.origin), ("7", LinkOrigin::Merged));
        assert!(result.field_results.is_empty());
    }
}

#[test]
fn a_conflicting_address_is_followed_without_a_write() {
    let mut worker = TestWorker::running();
    rejected(&mut worker, CallErrorKind::Conflict);
    let holder = Contact {
        additional_emails: Some(vec!["a@example.com".to_owned()]),
        ..contact("7", "primary@example.com")
    };
    address_is_looked_up(&mut worker, holder);
    assert!(worker.any_call().is_none());
    let result = worker.result();
    let link = result.link.expect("the contact that holds the address");
    assert_eq!(
        (link.contact_id.as_str(), link.origin),
        ("7", LinkOrigin::Followed)
    );
    assert_eq!(link.address.as_deref(), Some("a@example.com"));
    assert_eq!(link.primary_address.as_deref(), Some("primary@example.com"));
    assert!(result.field_results.is_empty() && result.written.is_empty());
}

#[test]
fn a_conflicting_address_is_a_conflict_if_the_setting_says_so() {
    let mut worker = TestWorker::with(|settings| settings.email_conflict = EmailConflict::Reject);
    rejected(&mut worker, CallErrorKind::Conflict);
    address_is_looked_up(&mut worker, contact("7", "a@example.com"));
    let (call, update) = worker.call();
    assert_eq!(fields(&update), [Field::FIRST_NAME]);
    worker.respond(call, all_written(&update));
    let result = worker.result();
    assert!(matches!(
        result.field_results[&Field::EMAIL],
        FieldResult::Conflict { .. }
    ));
    assert_eq!(result.field_results[&Field::FIRST_NAME], FieldResult::CONFIRMED);
    assert!(result.link.is_none());
}

#[test]
fn a_conflict_about_an_address_that_no_contact_has_fails() {
    let mut worker = TestWorker::running();
    rejected(&mut worker, CallErrorKind::Conflict);
    let (call, _) = worker.call();
    let error = CallError {
        kind: CallErrorKind::NotFound,
        reason: reason("OBJECT_NOT_FOUND"),
    };
    let errors = vec![InputError {
        ids: vec!["a@example.com".into()],
        trace_ids: Vec::new(),
        error,
    }];
    worker.respond(
        call,
        Response::Found {
            contacts: Vec::new(),
            errors,
        },
    );
    let result = worker.result();
    assert!(result.failure.is_some() && result.field_results.is_empty() && result.link.is_none());
}

#[test]
fn a_bad_record_does_not_hold_up_the_one_beside_it() {
    let mut worker = TestWorker::running();
    let (call, update) = worker.deliver_together(&[linked("a", BOTH), linked("b", BOTH)]);
    let [a, b] = inputs(&update) else {
        panic!("both in one batch: {update:?}")
    };
    let errors = vec![error_of(a, invalid(&["email", "firstname"]))];
    worker.respond(
        call,
        Response::Updated {
            results: vec![written(b)],
            errors,
        },
    );
    let (_, report) = worker.report();
    let outcomes: Vec<_> = report
        .results
        .iter()
        .map(|result| &result.field_results[&Field::EMAIL])
        .collect();
    assert!(matches!(
        outcomes[..],
        [FieldResult::Rejected { .. }, FieldResult::Confirmed(_)]
    ));
}
