use contracts::{Field, SyncState, Value};

use super::*;

fn change(number: u64, form: UpdateForm, fields: &[(Field, Option<&str>)]) -> Change {
    let fields = fields
        .iter()
        .map(|(field, value)| (*field, value.map(Value::from)));
    Change {
        number,
        user: "1".to_owned(),
        form,
        fields: fields.collect(),
    }
}

/// The answer to a change that made this version.
fn version(version: u64) -> Answer {
    Answer {
        version,
        changed: true,
    }
}

fn names(number: u64, first: Option<&str>) -> Change {
    change(number, UpdateForm::MergePatch, &[(Field::FIRST_NAME, first)])
}

#[test]
fn the_last_version_of_each_field_counts() {
    let accepted_changes = AcceptedChanges::default();
    accepted_changes.accept(&names(1, Some("b")), version(2));
    accepted_changes.accept(&names(2, None), version(3));
    let first = change(
        3,
        UpdateForm::Json,
        &[
            (Field::EMAIL, Some("a@example.com")),
            (Field::LAST_NAME, Some("c")),
        ],
    );
    accepted_changes.accept(&first, version(1));
    let expected = &accepted_changes.expected()["1"];
    assert_eq!(expected.version, 3);
    assert_eq!(expected.values()[&Field::FIRST_NAME], None);
    assert_eq!(expected.values()[&Field::LAST_NAME], Some("c".into()));
    let states = [
        (1, SyncState::Confirmed),
        (2, SyncState::Superseded),
        (3, SyncState::Confirmed),
    ];
    assert_eq!(expected.states, states.into_iter().collect());
    assert_eq!(expected.version_of[&(Field::FIRST_NAME, "b".into())], 2);
    assert!(expected.unreported.is_empty() && accepted_changes.contradictions().is_empty());
    assert_eq!(*accepted_changes.accepted().borrow(), 3);
}

#[test]
fn equal_values_make_no_version() {
    let accepted_changes = AcceptedChanges::default();
    let email = [(Field::EMAIL, Some("a@example.com"))];
    let unchanged = |version| Answer {
        version,
        changed: false,
    };
    accepted_changes.accept(&change(1, UpdateForm::Json, &email), version(1));
    accepted_changes.accept(&change(2, UpdateForm::MergePatch, &email), unchanged(1));
    accepted_changes.accept(&names(3, None), version(2));
    accepted_changes.accept(&names(4, None), unchanged(2));
    let expected = &accepted_changes.expected()["1"];
    let states = [(1, SyncState::Confirmed), (2, SyncState::Confirmed)];
    assert_eq!(expected.states, states.into_iter().collect());
    assert!(expected.unreported.is_empty() && expected.wrongly_answered.is_empty());
    assert_eq!(*accepted_changes.accepted().borrow(), 4);

    // This one changes something, and the next one nothing.
    accepted_changes.accept(&names(5, Some("b")), unchanged(2));
    accepted_changes.accept(&change(6, UpdateForm::Json, &email), version(3));
    assert_eq!(accepted_changes.expected()["1"].wrongly_answered, [5, 6]);
}

#[test]
fn a_version_without_an_answer_is_reported() {
    let accepted_changes = AcceptedChanges::default();
    accepted_changes.accept(&names(1, Some("a")), version(1));
    accepted_changes.accept(&names(2, Some("b")), version(4));
    assert_eq!(accepted_changes.expected()["1"].unreported, [2, 3]);
}

#[test]
fn one_version_for_two_changes_is_a_contradiction() {
    let accepted_changes = AcceptedChanges::default();
    accepted_changes.accept(&names(1, Some("a")), version(1));
    accepted_changes.accept(&names(2, Some("b")), version(1));
    assert_eq!(accepted_changes.contradictions().len(), 1);
}

#[test]
fn a_repeat_with_another_version_is_a_contradiction() {
    let accepted_changes = AcceptedChanges::default();
    accepted_changes.accept(&names(1, Some("a")), version(1));
    accepted_changes.accept(&names(1, Some("a")), version(1));
    assert!(accepted_changes.contradictions().is_empty());
    accepted_changes.accept(&names(1, Some("a")), version(2));
    assert_eq!(accepted_changes.contradictions().len(), 1);
}
