//! What one attempt does by itself.

use std::collections::BTreeMap;

use contracts::Field;

use super::samples::{ACCOUNT, claim, linked, ms, reason};
use crate::engine::{
    CallError, CallErrorKind, EmailConflict, MissingContact,
    attempt::{Attempt, Blame, Rules, Step},
};

const RULES: Rules<'_> = Rules {
    account_id: ACCOUNT,
    email_taken: EmailConflict::Follow,
    missing: MissingContact::Create,
};

#[test]
fn a_create_that_does_not_find_something_is_a_failure_of_the_record() {
    let mut attempt = Attempt::new(claim("a"), ms(0), 1, RULES);
    attempt.step = Step::Create;
    let problem = CallError {
        kind: CallErrorKind::NotFound,
        reason: reason("X"),
    };
    attempt.create_failed(problem, RULES);
    assert_eq!(
        (attempt.blame(), &attempt.step),
        (Some(Blame::Record), &Step::Done)
    );
}

#[test]
fn a_refusal_is_taken_back_only_if_it_is_of_that_field_and_for_that_reason() {
    let both = [Field::FirstName, Field::LastName];
    let mut attempt = Attempt::new(linked("a", &both), ms(0), 1, RULES);
    attempt.send();
    let properties = BTreeMap::from([
        ("firstname".to_owned(), reason("RULE")),
        ("lastname".to_owned(), reason("OTHER")),
    ]);
    let problem = CallError {
        kind: CallErrorKind::Invalid { properties },
        reason: reason("X"),
    };
    attempt.write_failed(problem, RULES);
    assert!(!attempt.take_back(Field::LastName, "RULE"));
    assert_eq!((attempt.refusals().count(), &attempt.step), (2, &Step::Done));
    assert!(attempt.take_back(Field::LastName, "OTHER"));
    assert_eq!((attempt.refusals().count(), &attempt.step), (1, &Step::Write));
}
