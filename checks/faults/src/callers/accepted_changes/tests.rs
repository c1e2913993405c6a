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
    change(number, UpdateForm::MergePatch, &[(Field::FIRST_NAME, first)])
}

#[test]
fn the_last_version_of_each_field_counts() {
    let accepted_changes = AcceptedChanges::default();
    accepted_changes.accept(&names(1, Some("b")), 2);
    accepted_changes.accept(&names(2, None), 3);
    let first = change(
        3,
        UpdateForm::Json,
        &[
            (Field::EMAIL, Some("a@example.com")),
            (Field::LAST_NAME, Some("c")),
        ],
    );
    accepted_changes.accept(&first, 1);
    let expected = &accepted_changes.expected()["1"];
    assert_eq!(expected.version, 3);
    assert_eq!(expected.values()[&Field::FIRST_NAME], None);
    assert_eq!(expected.values()[&Field::LAST_NAME].as_deref(), Some("c"));
    let states = [
        (1, SyncState::Confirmed),
        (2, SyncState::Superseded),
        (3, SyncState::Confirmed),
    ];
    assert_eq!(expected.states, states.into_iter().collect());
    assert_eq!(expected.version_of[&(Field::FIRST_NAME, "b".to_owned())], 2);
    assert!(expected.unreported.is_empty() && accepted_changes.contradictions().is_empty());
    assert_eq!(*accepted_changes.accepted().borrow(), 3);
}

#[test]
fn the_same_address_in_application_json_changes_nothing() {
    let accepted_changes = AcceptedChanges::default();
    let email = [(Field::EMAIL, Some("a@example.com"))];
    accepted_changes.accept(&change(1, UpdateForm::Json, &email), 1);
    accepted_changes.accept(&change(2, UpdateForm::Json, &email), 2);
    accepted_changes.accept(&change(3, UpdateForm::MergePatch, &email), 3);
    let states = [
        (1, SyncState::Superseded),
        (2, SyncState::Unchanged),
        (3, SyncState::Confirmed),
    ];
    let expected = &accepted_changes.expected()["1"];
    assert_eq!(expected.states, states.into_iter().collect());
    assert!(
        expected.version_of.is_empty(),
        "the value belongs to two versions"
    );
}

#[test]
fn a_version_without_an_answer_is_reported() {
    let accepted_changes = AcceptedChanges::default();
    accepted_changes.accept(&names(1, Some("a")), 1);
    accepted_changes.accept(&names(2, Some("b")), 4);
    assert_eq!(accepted_changes.expected()["1"].unreported, [2, 3]);
}

#[test]
fn one_version_for_two_changes_is_a_contradiction() {
    let accepted_changes = AcceptedChanges::default();
    accepted_changes.accept(&names(1, Some("a")), 1);
    accepted_changes.accept(&names(2, Some("b")), 1);
    assert_eq!(accepted_changes.contradictions().len(), 1);
}

#[test]
fn a_repeat_with_another_version_is_a_contradiction() {
    let accepted_changes = AcceptedChanges::default();
    accepted_changes.accept(&names(1, Some("a")), 1);
    accepted_changes.accept(&names(1, Some("a")), 1);
    assert!(accepted_changes.contradictions().is_empty());
    accepted_changes.accept(&names(1, Some("a")), 2);
    assert_eq!(accepted_changes.contradictions().len(), 1);
}
