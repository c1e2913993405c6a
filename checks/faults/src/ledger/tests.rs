use contracts::{Field, SyncState};

use super::*;

fn change(number: u64, form: UpdateForm, fields: &[(Field, Option<&str>)]) -> Change {
    let fields = fields
        .iter()
        .map(|(field, value)| (*field, value.map(str::to_owned)));
    Change {
        number,
        user: "1".to_owned(),
        form,
        fields: fields.collect(),
    }
}

fn names(number: u64, first: Option<&str>) -> Change {
    change(number, UpdateForm::MergePatch, &[(Field::FirstName, first)])
}

#[test]
fn the_last_version_of_each_field_counts_whatever_the_order_of_the_answers() {
    let ledger = Ledger::default();
    ledger.accept(&names(1, Some("b")), 2);
    ledger.accept(&names(2, None), 3);
    let first = change(
        3,
        UpdateForm::Json,
        &[
            (Field::Email, Some("a@example.com")),
            (Field::LastName, Some("c")),
        ],
    );
    ledger.accept(&first, 1);
    let expected = &ledger.expected()["1"];
    assert_eq!(expected.version, 3);
    assert_eq!(expected.values()[&Field::FirstName], None);
    assert_eq!(expected.values()[&Field::LastName].as_deref(), Some("c"));
    let states = [
        (1, SyncState::Confirmed),
        (2, SyncState::Superseded),
        (3, SyncState::Confirmed),
    ];
    assert_eq!(expected.states, states.into_iter().collect());
    assert_eq!(expected.version_of[&(Field::FirstName, "b".to_owned())], 2);
    assert!(expected.untold.is_empty() && ledger.contradictions().is_empty());
    assert_eq!(*ledger.accepted().borrow(), 3);
}

#[test]
fn under_application_json_the_same_address_touches_nothing() {
    let ledger = Ledger::default();
    let email = [(Field::Email, Some("a@example.com"))];
    ledger.accept(&change(1, UpdateForm::Json, &email), 1);
    ledger.accept(&change(2, UpdateForm::Json, &email), 2);
    ledger.accept(&change(3, UpdateForm::MergePatch, &email), 3);
    let states = [
        (1, SyncState::Superseded),
        (2, SyncState::Unchanged),
        (3, SyncState::Confirmed),
    ];
    let expected = &ledger.expected()["1"];
    assert_eq!(expected.states, states.into_iter().collect());
    assert!(expected.version_of.is_empty(), "it belongs to two versions");
}

#[test]
fn a_version_that_nobody_was_told_of_is_seen() {
    let ledger = Ledger::default();
    ledger.accept(&names(1, Some("a")), 1);
    ledger.accept(&names(2, Some("b")), 4);
    assert_eq!(ledger.expected()["1"].untold, [2, 3]);
}

#[test]
fn a_version_that_is_given_twice_is_a_contradiction() {
    let ledger = Ledger::default();
    ledger.accept(&names(1, Some("a")), 1);
    ledger.accept(&names(2, Some("b")), 1);
    assert_eq!(ledger.contradictions().len(), 1);
}

#[test]
fn a_repeat_with_another_version_is_a_contradiction_and_one_with_the_same_is_not() {
    let ledger = Ledger::default();
    ledger.accept(&names(1, Some("a")), 1);
    ledger.accept(&names(1, Some("a")), 1);
    assert!(ledger.contradictions().is_empty());
    ledger.accept(&names(1, Some("a")), 2);
    assert_eq!(ledger.contradictions().len(), 1);
}
