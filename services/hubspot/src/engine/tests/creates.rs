//! Contacts created for users that have none, if the settings ask for it.

mod halts;
mod in_doubt;

use contracts::{Claim, Field, FieldResult, LinkOrigin};

use super::harness::TestWorker;
use super::samples::{ACCOUNT, claim, creates, failed, linked, reason};
use crate::engine::{
    Call, CallError, CallErrorKind, CallId, CreateInput, InputError, MissingContact, Response, Settings,
    WrittenContact,
};

fn creating(settings: &mut Settings) {
    settings.missing_contact = MissingContact::Create;
}

pub(super) fn nowhere(call: &Call) -> Response {
    let Call::Find { addresses } = call else {
        panic!("not a lookup: {call:?}")
    };
    let error = CallError {
        kind: CallErrorKind::NotFound,
        reason: reason("OBJECT_NOT_FOUND"),
    };
    Response::Found {
        contacts: Vec::new(),
        errors: vec![InputError {
            ids: addresses.clone(),
            trace_ids: Vec::new(),
            error,
        }],
    }
}

/// A worker that may create, whose lookup of these users found no contact, and the create that follows.
pub(super) fn found_nobody(claims: &[Claim]) -> (TestWorker, CallId, Call) {
    let mut worker = TestWorker::with(creating);
    let (call, find) = worker.deliver_together(claims);
    worker.respond(call, nowhere(&find));
    let (call, create) = worker.call();
    (worker, call, create)
}

pub(super) fn created(input: &CreateInput, contact_id: &str) -> WrittenContact {
    WrittenContact {
        contact_id: contact_id.to_owned(),
        trace_id: Some(input.trace_id.clone()),
        values: input.values.clone(),
        additional_emails: None,
    }
}

pub(super) fn rejection(input: &CreateInput, kind: CallErrorKind) -> InputError {
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
    CallErrorKind::Invalid {
        fields: super::samples::rejected_fields(properties, "BAD"),
    }
}

#[test]
fn a_user_without_a_contact_gets_one_with_every_field_that_has_a_value() {
    let mut user = claim("a");
    user.dirty = [Field::FIRST_NAME].into_iter().collect();
    user.values.insert(Field::LAST_NAME, None);
    let (mut worker, call, create) = found_nobody(&[user]);
    let [input] = creates(&create) else {
        panic!("one input: {create:?}")
    };
    let fields: Vec<_> = input.values.keys().copied().collect();
    assert_eq!(
        (input.address.as_str(), fields),
        ("a@example.com", vec![Field::EMAIL, Field::FIRST_NAME])
    );
    worker.respond(
        call,
        Response::Created {
            results: vec![created(input, "77")],
            errors: Vec::new(),
        },
    );
    let (_, report) = worker.report();
    assert!(report.claim.is_none(), "nothing is left to write");
    let result = &report.results[0];
    let link = result.link.as_ref().expect("the new contact");
    assert_eq!(
        (link.contact_id.as_str(), link.account_id.as_str(), link.origin),
        ("77", ACCOUNT, LinkOrigin::Created)
    );
    assert_eq!(result.field_results[&Field::FIRST_NAME], FieldResult::CONFIRMED);
    assert_eq!(result.confirmed_address.as_deref(), Some("a@example.com"));
    assert!(!result.may_have_created);
}

#[test]
fn a_user_that_had_a_contact_gets_no_second_one() {
    let mut worker = TestWorker::with(creating);
    let (call, _) = worker.deliver(&[linked("a", &[Field::FIRST_NAME])]);
    worker.respond(call, failed(CallErrorKind::NotFound));
    let (call, read) = worker.call();
    assert!(matches!(read, Call::Read { .. }));
    worker.respond(call, failed(CallErrorKind::NotFound));
    let (call, find) = worker.call();
    worker.respond(call, nowhere(&find));
    assert_eq!(
        worker.result().field_results[&Field::FIRST_NAME],
        FieldResult::NotFound
    );
}

#[test]
fn a_rejected_field_is_left_out_and_a_rejected_address_ends_it() {
    let (mut worker, call, create) = found_nobody(&[claim("a")]);
    let rejected = |create: &Call, properties: &[&str]| Response::Created {
        results: Vec::new(),
        errors: vec![rejection(&creates(create)[0], invalid(properties))],
    };
    worker.respond(call, rejected(&create, &["lastname"]));
    let (call, create) = worker.call();
    assert!(!creates(&create)[0].values.contains_key(&Field::LAST_NAME));
    worker.respond(call, rejected(&create, &["email"]));
    let result = worker.result();
    assert!(matches!(
        result.field_results[&Field::LAST_NAME],
        FieldResult::Rejected { .. }
    ));
    assert!(matches!(
        result.field_results[&Field::EMAIL],
        FieldResult::Rejected { .. }
    ));
    assert_eq!(result.field_results[&Field::FIRST_NAME], FieldResult::NotFound);
    assert!(result.link.is_none() && result.failure.is_none());
}

#[test]
fn after_an_unnamed_rejection_the_address_alone_is_created() {
    let rejected = |create: &Call| Response::Created {
        results: Vec::new(),
        errors: vec![rejection(&creates(create)[0], invalid(&["company"]))],
    };
    let (mut worker, call, create) = found_nobody(&[claim("a")]);
    worker.respond(call, rejected(&create));
    let (call, alone) = worker.call();
    let sent: Vec<_> = creates(&alone)[0].values.keys().copied().collect();
    assert_eq!(sent, [Field::EMAIL]);
    let (results, errors) = (vec![created(&creates(&alone)[0], "c9")], Vec::new());
    worker.respond(call, Response::Created { results, errors });
    let result = worker.result();
    assert_eq!(result.link.expect("a link").origin, LinkOrigin::Created);
    assert_eq!(result.field_results[&Field::EMAIL], FieldResult::CONFIRMED);
    let values = claim("a").values;
    for field in [Field::FIRST_NAME, Field::LAST_NAME] {
        let has_value = values[&field].is_some();
        assert_eq!(result.field_results.contains_key(&field), !has_value, "{field:?}");
    }

    let (mut worker, call, create) = found_nobody(&[claim("a")]);
    worker.respond(call, rejected(&create));
    let (call, alone) = worker.call();
    worker.respond(call, rejected(&alone));
    let outcomes = worker.result().field_results;
    assert!(matches!(outcomes[&Field::EMAIL], FieldResult::Rejected { .. }));
    assert_eq!(outcomes[&Field::FIRST_NAME], FieldResult::NotFound);
}

#[test]
fn a_create_without_a_response_may_have_created_a_contact() {
    for (kind, late) in [
        (CallErrorKind::NoResponse, true),
        (CallErrorKind::UnreadableBody, false),
    ] {
        let (mut worker, call, _) = found_nobody(&[claim("a")]);
        worker.respond(call, failed(kind));
        let result = worker.result();
        assert!(result.may_have_created && result.failure.is_some());
        assert_eq!(result.may_apply_late, late);
    }
}

#[test]
fn a_create_that_is_not_listed_is_looked_up() {
    let (mut worker, call, _) = found_nobody(&[claim("a")]);
    let nothing = Response::Created {
        results: Vec::new(),
        errors: Vec::new(),
    };
    worker.respond(call, nothing);
    let (call, find) = worker.call();
    assert_eq!(
        find,
        Call::FindSingle {
            address: "a@example.com".into()
        }
    );
    worker.respond(call, failed(CallErrorKind::NotFound));
    let result = worker.result();
    assert!(result.may_have_created && result.failure.is_some());
}
