//! A rule that refuses everyone, met by a user whose contact is being made.

use std::{collections::BTreeMap, time::Duration};

use contracts::{Field, NextAction};

use super::{Bench, invalid, nowhere, refusal};
use crate::engine::{
    Call, CallErrorKind, CallId, MissingContact, Response,
    tests::samples::{claim, creates, error_of, inputs, linked, ms, problem, reason},
};

/// A worker whose create of a user without the refused first name is out, when others meet the same rule and the line
/// stops for it.
fn stopped_while_a_create_is_out() -> (Bench, CallId) {
    let mut bench = Bench::with(|settings| {
        settings.missing_contact = MissingContact::Create;
        settings.call_timeout = Duration::from_secs(25);
    });
    let (call, find) = bench.deliver(&[claim("new")]);
    bench.answer(call, nowhere(&find));
    let (call, create) = bench.call();
    let errors = vec![refusal(&creates(&create)[0], invalid(&["firstname"]))];
    let results = Vec::new();
    bench.answer(call, Response::Created { results, errors });
    let (create, _) = bench.call();
    let others: Vec<_> = (0..19)
        .map(|number| linked(&format!("u{number}"), &[Field::FirstName]))
        .collect();
    let (call, update) = bench.deliver_together(&others);
    let errors = inputs(&update).iter().map(|input| error_of(input, refused()));
    let (results, errors) = (Vec::new(), errors.collect());
    bench.answer(call, Response::Updated { results, errors });
    let (request, record) = bench.record();
    bench.take(request, &record, NextAction::Later { in_ms: 60_000 });
    (bench, create)
}

fn refused() -> CallErrorKind {
    let properties = BTreeMap::from([("firstname".to_owned(), reason("BAD"))]);
    CallErrorKind::Invalid { properties }
}

#[test]
fn a_create_that_is_out_when_the_line_stops_may_have_made_a_contact() {
    let (mut bench, create) = stopped_while_a_create_is_out();
    bench.answer(create, problem(CallErrorKind::NoResponse));
    let verdict = bench.verdict();
    assert!(verdict.may_have_created && verdict.failure.is_some());
}

#[test]
fn a_create_that_meets_a_contact_after_the_line_stopped_is_looked_up_or_given_back() {
    let (mut bench, create) = stopped_while_a_create_is_out();
    bench.pass(ms(20_000));
    let existing_id = Some("77".to_owned());
    bench.answer(create, problem(CallErrorKind::Conflict { existing_id }));
    let find = bench.any_call().map(|(_, call)| call);
    assert!(
        matches!(find, Some(Call::Find { .. })) || bench.any_record().is_some(),
        "{find:?}"
    );
}
