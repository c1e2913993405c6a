//! What callers are told of a version.

use contracts::{Field, Outcome, State};

use super::{
    desk::Desk,
    verdicts::{done, reason, verdict},
};
use crate::rules;

#[test]
fn a_version_the_user_never_had_has_no_receipt() {
    let desk = Desk::new();
    assert!(rules::receipt(&desk.row, 0).is_none() && rules::receipt(&desk.row, 2).is_none());
}

#[test]
fn the_worst_outcome_names_the_version() {
    let order = [
        State::Refused,
        State::Taken,
        State::Parked,
        State::Missing,
        State::Confirmed,
    ];
    let outcome = |state| match state {
        State::Refused => Outcome::Refused { reason: reason("A") },
        State::Taken => Outcome::Taken { reason: reason("A") },
        State::Parked => Outcome::Parked {
            reason: reason("A"),
            may_pass: true,
        },
        State::Missing => Outcome::Missing,
        _ => Outcome::Confirmed,
    };
    for (index, worse) in order.into_iter().enumerate() {
        for better in &order[index..] {
            let mut desk = Desk::settled();
            desk.change([(Field::FirstName, "Eva"), (Field::LastName, "Byron")]);
            let claim = desk.claim();
            let mut verdict = done(&claim);
            verdict.outcomes = [
                (Field::FirstName, outcome(*better)),
                (Field::LastName, outcome(worse)),
            ]
            .into();
            desk.record(verdict);
            assert_eq!(desk.receipt(2).state, worse, "with {better:?}");
        }
    }
}

#[test]
fn a_field_without_a_verdict_keeps_the_version_pending() {
    let mut desk = Desk::settled();
    desk.change([(Field::FirstName, "Eva"), (Field::LastName, "bad")]);
    let claim = desk.claim();
    let mut partly = verdict(&claim);
    let refused = Outcome::Refused { reason: reason("A") };
    partly.outcomes = [(Field::LastName, refused)].into();
    desk.record(partly);
    let receipt = desk.receipt(2);
    assert_eq!(receipt.state, State::Pending);
    assert_eq!(receipt.fields[&Field::LastName].state, State::Refused);
}

#[test]
fn a_field_is_sent_again_once_it_had_a_verdict_and_is_owed() {
    let mut desk = Desk::new();
    assert!(!desk.receipt(1).resending, "it was never sent");
    desk = Desk::settled();
    assert!(!desk.receipt(1).resending, "it is settled");
    let fields = contracts::FieldSet::all();
    rules::owe::owe_again(&mut desk.row, fields, contracts::Lane::Live, desk.now);
    assert!(desk.receipt(1).resending);
}

#[test]
fn only_the_fields_a_version_was_the_last_to_touch_count() {
    let mut desk = Desk::settled();
    desk.change([(Field::FirstName, "Eva"), (Field::LastName, "Byron")]);
    desk.change([(Field::FirstName, "Ida")]);
    let first = desk.receipt(1).fields;
    assert!(first.contains_key(&Field::Email), "{first:?}");
    assert!(
        !first.contains_key(&Field::FirstName) && !first.contains_key(&Field::LastName),
        "{first:?}"
    );
    assert_eq!(
        desk.receipt(2).fields.keys().collect::<Vec<_>>(),
        [&Field::LastName]
    );
    desk.change([(Field::LastName, "King")]);
    let receipt = desk.receipt(2);
    assert_eq!(
        (receipt.state, receipt.fields.len(), receipt.current_version),
        (State::Superseded, 0, 4)
    );
}
