//! A rule that rejects every record, met by a user whose contact is being created.

use std::{collections::BTreeMap, time::Duration};

use contracts::{Field, NextAction};

use super::{TestWorker, invalid, nowhere, rejection};
use crate::engine::{
    Call, CallErrorKind, CallId, MissingContact, Response,
    tests::samples::{claim, creates, error_of, failed, inputs, linked, ms, reason},
};

/// A worker whose create of a user without the rejected first name is in flight when other users meet the same rule and
/// delivery halts.
fn halted_while_a_create_is_in_flight() -> (TestWorker, CallId) {
    let mut worker = TestWorker::with(|settings| {
        settings.missing_contact = MissingContact::Create;
        settings.call_timeout = Duration::from_secs(25);
    });
    let (call, find) = worker.deliver(&[claim("new")]);
    worker.respond(call, nowhere(&find));
    let (call, create) = worker.call();
    let errors = vec![rejection(&creates(&create)[0], invalid(&["firstname"]))];
    let results = Vec::new();
    worker.respond(call, Response::Created { results, errors });
    let (create, _) = worker.call();
    let others: Vec<_> = (0..19)
        .map(|number| linked(&format!("u{number}"), &[Field::FIRST_NAME]))
        .collect();
    let (call, update) = worker.deliver_together(&others);
    let errors = inputs(&update).iter().map(|input| error_of(input, rejected()));
    let (results, errors) = (Vec::new(), errors.collect());
    worker.respond(call, Response::Updated { results, errors });
    let (request, report) = worker.report();
    worker.take(request, &report, NextAction::Later { in_ms: 60_000 });
    (worker, create)
}

fn rejected() -> CallErrorKind {
    let fields = BTreeMap::from([(Field::FIRST_NAME, reason("BAD"))]);
    CallErrorKind::Invalid { fields }
}

#[test]
fn a_create_in_flight_at_a_halt_may_have_happened() {
    let (mut worker, create) = halted_while_a_create_is_in_flight();
    worker.respond(create, failed(CallErrorKind::NoResponse));
    let result = worker.result();
    assert!(result.may_have_created && result.failure.is_some());
}

#[test]
fn a_conflicting_create_after_a_halt_is_given_back() {
    let (mut worker, create) = halted_while_a_create_is_in_flight();
    worker.pass(ms(20_000));
    worker.respond(create, failed(CallErrorKind::Conflict));
    let find = worker.any_call().map(|(_, call)| call);
    assert!(
        matches!(find, Some(Call::Find { .. })) || worker.any_report().is_some(),
        "{find:?}"
    );
}
