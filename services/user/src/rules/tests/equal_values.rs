//! Changes that give values which are stored already.

use contracts::{
    Field, FieldDefinitions, FieldResult, NextAction, Priority, SyncState, UpdateForm, VALUE_NOT_KEPT, Values,
};

use super::{
    attempt_results::{all_confirmed, all_with, failed, reason, rejected},
    test_user::{SECOND, TestUser, values},
};
use crate::rules::{Change, ChangeError, accept_line};

const TEN_MINUTES: i64 = 600 * SECOND;

/// A change with the whole profile.
fn give_again(user: &mut TestUser) -> crate::rules::Changed {
    let fields = user.row.values();
    give(user, &fields)
}

fn give(user: &mut TestUser, fields: &Values) -> crate::rules::Changed {
    let change = Change {
        form: UpdateForm::MergePatch,
        fields,
        definitions: FieldDefinitions::built_in(),
        if_match: None,
        key: None,
        sent: None,
    };
    user.try_change(&change).unwrap()
}

/// A user whose fields all have this result.
fn with_result(result: &FieldResult) -> TestUser {
    let mut user = TestUser::created();
    let claim = user.claim();
    user.report(all_with(&claim, result));
    user
}

#[test]
fn an_equal_value_of_a_clean_user_changes_nothing() {
    let mut user = TestUser::confirmed();
    let before = user.row.clone();
    user.now += 2 * TEN_MINUTES;
    let changed = give_again(&mut user);
    assert!(!changed.is_changed && !changed.wake && !changed.is_row_changed && !changed.is_repeat);
    assert_eq!(changed.version, before.version);
    assert_eq!(user.row, before);
    assert_eq!(user.receipt(changed.version).state, SyncState::Confirmed);
}

#[test]
fn an_empty_change_asks_for_nothing() {
    let mut user = TestUser::created();
    user.row.priority = Priority::Backfill;
    let before = user.row.clone();
    assert!(!give(&mut user, &Values::new()).is_row_changed);
    assert_eq!(user.row, before);
}

#[test]
fn an_address_equals_itself_in_other_letters() {
    let mut user = TestUser::confirmed();
    for form in [UpdateForm::Json, UpdateForm::MergePatch] {
        let changed = user.change_as(form, [(Field::EMAIL, "ADA@Example.com")]);
        assert!(!changed.is_changed, "{form:?}");
    }
    assert_eq!(
        user.row.fields[Field::EMAIL].value,
        Some("ada@example.com".into())
    );
    let changed = user.change([(Field::FIRST_NAME, "FIRSTNAME")]);
    assert!(changed.is_changed, "names differ by their case");
}

#[test]
fn only_fields_that_differ_make_the_version() {
    let mut user = TestUser::confirmed();
    let mut fields = user.row.values();
    fields.insert(Field::LAST_NAME, Some("Byron".into()));
    let changed = give(&mut user, &fields);
    assert!(changed.is_changed && changed.version == 2);
    let dirty: Vec<Field> = user.row.dirty_fields().iter().collect();
    assert_eq!(dirty, [Field::LAST_NAME]);
    assert_eq!(user.row.fields[Field::FIRST_NAME].changed_in, 1);
}

#[test]
fn a_field_that_was_never_given_equals_nothing() {
    let mut user = TestUser::not_created();
    user.change([(Field::EMAIL, "ada@example.com")]);
    let null: Values = [(Field::FIRST_NAME, None)].into();
    let changed = give(&mut user, &null);
    assert!(changed.is_changed && user.row.fields[Field::FIRST_NAME].is_dirty());
    assert!(!give(&mut user, &null).is_changed, "it was given now");

    let null: Values = [(Field::LAST_NAME, None)].into();
    assert!(
        accept_line(
            &mut user.row,
            &null,
            FieldDefinitions::built_in(),
            user.now,
            0,
            &user.timing
        )
        .unwrap()
        .is_changed
    );
    assert!(
        !accept_line(
            &mut user.row,
            &null,
            FieldDefinitions::built_in(),
            user.now,
            0,
            &user.timing
        )
        .unwrap()
        .is_changed
    );
}

#[test]
fn an_equal_value_during_an_attempt_is_not_sent_again() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    let claim = user.claim();
    let before = user.row.clone();
    assert!(!user.change([(Field::FIRST_NAME, "Eva")]).is_row_changed);
    assert_eq!(user.row, before);
    let effects = user.report(all_confirmed(&claim));
    assert_ne!(effects.next, NextAction::Now);
    assert!(!user.row.is_dirty());
}

#[test]
fn an_equal_value_of_a_live_user_leaves_its_wake_up_alone() {
    let mut user = TestUser::created();
    let before = user.row.clone();
    assert!(!give_again(&mut user).is_row_changed);
    assert_eq!(user.row, before);
}

#[test]
fn an_equal_value_makes_a_backfill_user_live() {
    let mut user = TestUser::confirmed();
    let line = values([(Field::FIRST_NAME, "Imported")]);
    accept_line(
        &mut user.row,
        &line,
        FieldDefinitions::built_in(),
        user.now,
        0,
        &user.timing,
    )
    .unwrap();
    let version = user.row.version;
    let changed = give(&mut user, &line);
    assert!(changed.wake && changed.is_row_changed && !changed.is_changed);
    assert_eq!(changed.version, version);
    assert_eq!(user.row.priority, Priority::Live);
    assert_eq!(user.row.wake_at, Some(user.now + user.timing.wake_up));
}

#[test]
fn an_equal_value_ends_the_pause_after_a_failure() {
    let mut user = TestUser::created();
    for _ in 0..4 {
        let claim = user.claim();
        user.report(failed(&claim, false));
    }
    assert!(give_again(&mut user).wake);
    assert!(user.row.fields[Field::EMAIL].value.is_some() && user.row.version == 1);
    user.claim();
    assert!(!give_again(&mut user).wake, "it is being tried");
}

#[test]
fn a_new_value_ends_the_pause_after_a_failure() {
    let mut user = TestUser::created();
    let claim = user.claim();
    user.report(failed(&claim, false));
    assert!(user.change([(Field::FIRST_NAME, "Eva")]).wake);
}

#[test]
fn an_equal_value_has_an_old_problem_tried_again() {
    let code = || reason("CODE");
    for result in [
        FieldResult::Rejected { reason: code() },
        FieldResult::Conflict { reason: code() },
        FieldResult::NotFound,
        FieldResult::Failed {
            reason: code(),
            is_transient: false,
        },
    ] {
        let mut user = with_result(&result);
        user.now += TEN_MINUTES;
        assert!(
            !give_again(&mut user).is_row_changed,
            "{result:?}: not old enough"
        );
        user.now += 1;
        let (before, generation) = (user.receipt(1).state, user.row.generation);
        let changed = give_again(&mut user);
        assert!(changed.wake && !changed.is_changed && changed.is_row_changed);
        assert_eq!((user.row.version, user.row.generation), (1, generation + 1));
        assert_eq!(user.row.priority, Priority::Live);
        let receipt = user.receipt(1);
        assert_eq!((receipt.state, receipt.resending), (before, true), "{result:?}");
        assert!(
            !give_again(&mut user).is_row_changed,
            "{result:?}: it is being tried"
        );
    }
}

#[test]
fn an_equal_value_helps_only_against_its_own_problem() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    let claim = user.claim();
    user.report(rejected(&claim, Field::FIRST_NAME));
    user.now += 2 * TEN_MINUTES;
    assert!(!user.change([(Field::LAST_NAME, "lastName")]).is_row_changed);
    // Together with another value, in the same change.
    let changed = user.change([(Field::FIRST_NAME, "Eva"), (Field::LAST_NAME, "Byron")]);
    assert!(changed.is_changed && changed.wake);
    let dirty: Vec<Field> = user.row.dirty_fields().iter().collect();
    assert_eq!(dirty, [Field::FIRST_NAME, Field::LAST_NAME]);
    assert_eq!(
        user.row.fields[Field::FIRST_NAME].changed_in,
        2,
        "its value is the same"
    );
}

#[test]
fn a_value_that_hubspot_does_not_keep_is_not_tried_again() {
    let mut user = with_result(&FieldResult::Rejected {
        reason: reason(VALUE_NOT_KEPT),
    });
    assert_eq!(user.row.recheck_at, None);
    user.now += 2 * TEN_MINUTES;
    assert!(!give_again(&mut user).is_row_changed);
}

#[test]
fn a_result_from_the_future_counts_as_old() {
    let mut user = with_result(&FieldResult::NotFound);
    user.now -= 1;
    assert!(give_again(&mut user).is_row_changed);
}

#[test]
fn a_condition_is_checked_for_equal_values_too() {
    let mut user = TestUser::confirmed();
    let fields = user.row.values();
    let at = |version| Change {
        form: UpdateForm::MergePatch,
        fields: &fields,
        definitions: FieldDefinitions::built_in(),
        if_match: Some(version),
        key: None,
        sent: None,
    };
    assert_eq!(user.try_change(&at(7)), Err(ChangeError::VersionMismatch(1)));
    assert_eq!(user.try_change(&at(1)).unwrap().version, 1);
    assert_eq!(
        user.try_change(&at(1)).unwrap().version,
        1,
        "nothing changed, so the tag is still valid"
    );
}
