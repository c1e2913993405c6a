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

#[test]
fn a_user_stands_as_its_worst_field_does_and_for_that_reason() {
    let mut desk = Desk::new();
    assert_eq!(rules::standing(&desk.row), (State::Pending, None));
    desk = Desk::settled();
    assert_eq!(rules::standing(&desk.row), (State::Confirmed, None));
    desk.change([(Field::FirstName, "Eva"), (Field::LastName, "bad")]);
    let claim = desk.claim();
    let mut refused = done(&claim);
    refused
        .outcomes
        .insert(Field::LastName, Outcome::Refused { reason: reason("A") });
    desk.record(refused);
    assert_eq!(rules::standing(&desk.row), (State::Refused, Some(reason("A"))));
    desk.change([(Field::FirstName, "Ida")]);
    assert_eq!(rules::standing(&desk.row), (State::Pending, None));
}

#[test]
fn the_current_receipt_tells_of_what_earlier_versions_gave_too() {
    let mut desk = Desk::settled();
    desk.change([(Field::LastName, "bad")]);
    let claim = desk.claim();
    let mut refused = done(&claim);
    let outcome = Outcome::Refused { reason: reason("A") };
    refused.outcomes = [(Field::LastName, outcome)].into();
    desk.record(refused);
    desk.change([(Field::FirstName, "Ida")]);
    let claim = desk.claim();
    desk.record(done(&claim));
    let receipt = desk.receipt(3);
    assert_eq!(
        (receipt.state, receipt.standing),
        (State::Confirmed, State::Refused)
    );
    let earlier: Vec<_> = receipt
        .earlier_fields
        .iter()
        .map(|(name, earlier)| (*name, earlier.version, earlier.field.state))
        .collect();
    assert_eq!(
        earlier,
        [
            (Field::Email, 1, State::Confirmed),
            (Field::LastName, 2, State::Refused)
        ]
    );
    let former = desk.receipt(2);
    assert!(former.earlier_fields.is_empty() && former.standing == State::Refused);
}

#[test]
fn a_change_is_pending_from_when_it_was_accepted_until_it_has_its_outcome() {
    let mut desk = Desk::settled();
    assert_eq!(desk.row.pending_since, None);
    desk.now += 10;
    let accepted_at = desk.now;
    desk.change([(Field::FirstName, "Eva")]);
    desk.now += 10;
    desk.change([(Field::LastName, "Byron")]);
    assert_eq!(desk.row.pending_since, Some(accepted_at), "the oldest counts");
    let claim = desk.claim();
    desk.record(done(&claim));
    assert_eq!(desk.row.pending_since, None);
}

#[test]
fn a_user_that_is_changed_all_the_time_is_not_pending_since_the_first_change() {
    let mut desk = Desk::settled();
    desk.change([(Field::FirstName, "Eva")]);
    desk.now += 10;
    let claim = desk.claim();
    let claimed_at = desk.now;
    desk.now += 10;
    desk.change([(Field::FirstName, "Ida")]);
    desk.record(done(&claim));
    assert_eq!(desk.row.pending_since, Some(claimed_at));
}

#[test]
fn what_an_attempt_leaves_without_an_outcome_is_pending_as_long_as_before() {
    let mut desk = Desk::settled();
    let accepted_at = desk.now;
    desk.change([(Field::FirstName, "Eva"), (Field::LastName, "Byron")]);
    desk.now += 10;
    let claim = desk.claim();
    let mut partly = verdict(&claim);
    partly.outcomes = [(Field::LastName, Outcome::Confirmed)].into();
    desk.record(partly);
    assert_eq!(desk.row.pending_since, Some(accepted_at));
}
