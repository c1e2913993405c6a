//! Changes that are sent again: by a caller with an idempotency key, or by the gateway.

use contracts::{Field, FieldDefinitions, UpdateForm, Values};

use super::test_user::{SECOND, TestUser, values};
use crate::rules::{Change, ChangeError, ChangeHash, Changed, KeyState, KeyedChange, Try};

fn change(fields: &Values, key: Option<KeyState>, sent: Option<Try>) -> Change<'_> {
    Change {
        form: UpdateForm::MergePatch,
        fields,
        definitions: FieldDefinitions::built_in(),
        if_match: None,
        key,
        sent,
    }
}

fn name(value: &str) -> Values {
    values([(Field::FIRST_NAME, value)])
}

/// Sends a change for the first time, or for the second time if the first one was sent so long ago.
fn send(
    user: &mut TestUser,
    number: u64,
    value: &str,
    first_try_age: Option<i64>,
) -> Result<Changed, ChangeError> {
    let sent = Try {
        number,
        first_try_at: first_try_age.map(|age| user.now - age),
    };
    let fields = name(value);
    user.try_change(&change(&fields, None, Some(sent)))
}

fn used_for(fields: &Values, version: u64, is_changed: bool) -> KeyState {
    KeyState {
        used_for: Some(KeyedChange {
            version,
            is_changed,
            hash: ChangeHash::of(UpdateForm::MergePatch, fields),
            expires_at: i64::MAX,
        }),
        full_until: None,
    }
}

#[test]
fn a_known_key_gets_the_answer_of_its_change() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    let before = user.row.clone();
    let fields = name("Ida");
    for (version, is_changed) in [(1, false), (2, true)] {
        let mut repeated = change(&fields, Some(used_for(&fields, version, is_changed)), None);
        // A condition held when the change was made.
        repeated.if_match = Some(1);
        let expected = Changed {
            version,
            is_changed,
            is_row_changed: false,
            wake: false,
            is_repeat: true,
        };
        assert_eq!(user.try_change(&repeated), Ok(expected));
    }
    assert_eq!(user.row, before);
}

#[test]
fn a_known_key_with_another_body_or_form_is_rejected() {
    let mut user = TestUser::confirmed();
    let (fields, other) = (name("Eva"), name("Ida"));
    let reused = change(&other, Some(used_for(&fields, 1, true)), None);
    assert_eq!(user.try_change(&reused), Err(ChangeError::KeyReused));
    let reused = Change {
        form: UpdateForm::Json,
        ..change(&fields, Some(used_for(&fields, 1, true)), None)
    };
    assert_eq!(user.try_change(&reused), Err(ChangeError::KeyReused));
}

#[test]
fn a_user_with_all_its_keys_takes_changes_without_a_key() {
    let mut user = TestUser::confirmed();
    let fields = name("Eva");
    let full = KeyState {
        used_for: None,
        full_until: Some(7),
    };
    let before = user.row.clone();
    let rejected = user.try_change(&change(&fields, Some(full), None));
    assert_eq!(rejected, Err(ChangeError::TooManyKeys(7)));
    assert_eq!(user.row, before);
    assert!(user.try_change(&change(&fields, None, None)).unwrap().is_changed);
}

#[test]
fn a_second_try_of_a_known_change_is_a_repeat() {
    let mut user = TestUser::confirmed();
    let first = send(&mut user, 1, "Eva", None).unwrap();
    send(&mut user, 2, "Ida", None).unwrap();
    let before = user.row.clone();
    let second = send(&mut user, 1, "Eva", Some(0)).unwrap();
    assert_eq!((second.version, second.is_changed), (first.version, true));
    assert!(second.is_repeat && !second.wake);
    assert_eq!(user.row, before, "the newer value stays");
}

#[test]
fn a_first_try_that_comes_after_the_second_is_a_repeat() {
    let mut user = TestUser::confirmed();
    let second = send(&mut user, 1, "Eva", Some(SECOND)).unwrap();
    assert!(second.is_changed && !second.is_repeat);
    assert!(send(&mut user, 1, "Eva", None).unwrap().is_repeat);
}

#[test]
fn a_second_try_is_carried_out_if_the_first_is_known_to_be_lost() {
    let mut user = TestUser::confirmed();
    for number in 0..32 {
        send(&mut user, number, &format!("N{number}"), None).unwrap();
    }
    // The list is full, but its oldest change is older than the first try.
    let lost = send(&mut user, 99, "Eva", Some(-1)).unwrap();
    assert!(lost.is_changed && !lost.is_repeat);
}

#[test]
fn a_second_try_is_not_carried_out_if_the_first_may_be_forgotten() {
    let mut user = TestUser::confirmed();
    send(&mut user, 1, "Eva", None).unwrap();
    for number in 2..34 {
        user.now += 1;
        send(&mut user, number, &format!("N{number}"), None).unwrap();
    }
    let before = user.row.clone();
    let second = send(&mut user, 1, "Eva", Some(32));
    assert_eq!(second, Err(ChangeError::OutcomeUnknown));
    assert_eq!(user.row, before);
    // It may have been carried out in the millisecond of the oldest change that is known.
    let same_moment = send(&mut user, 1, "Eva", Some(31));
    assert_eq!(same_moment, Err(ChangeError::OutcomeUnknown));
    assert!(
        send(&mut user, 2, "N2", Some(32)).unwrap().is_repeat,
        "the last 32 are known"
    );
    assert!(
        send(&mut user, 99, "Eva", None).unwrap().is_changed,
        "a first try is carried out"
    );
}

#[test]
fn a_second_try_that_is_older_than_any_memory_is_not_carried_out() {
    let mut user = TestUser::confirmed();
    send(&mut user, 1, "Eva", None).unwrap();
    user.now += 181 * SECOND;
    let second = send(&mut user, 2, "Ida", Some(181 * SECOND));
    assert_eq!(second, Err(ChangeError::OutcomeUnknown));
    send(&mut user, 3, "Ida", None).unwrap();
    assert_eq!(user.row.recent_changes.len(), 1, "the older one was forgotten");
}

#[test]
fn a_second_try_after_a_step_of_the_clock_is_not_carried_out_again() {
    for step_back in [0, 600 * SECOND] {
        let mut user = TestUser::confirmed();
        send(&mut user, 1, "Eva", None).unwrap();
        // The first change seems old, and is forgotten.
        user.now += 600 * SECOND;
        send(&mut user, 2, "Ida", None).unwrap();
        assert_eq!(user.row.recent_changes.len(), 1);
        user.now += SECOND - step_back;
        let second = send(&mut user, 1, "Eva", Some(2 * SECOND));
        assert_eq!(second, Err(ChangeError::OutcomeUnknown), "step back {step_back}");
        // The next change forgets nothing, and what is known is not too late for ever.
        send(&mut user, 3, "Ada", None).unwrap();
        user.now += 3 * SECOND;
        let lost = send(&mut user, 4, "Eva", Some(2 * SECOND)).unwrap();
        assert!(lost.is_changed && !lost.is_repeat, "step back {step_back}");
    }
}

#[test]
fn a_lost_try_is_carried_out_although_changes_are_forgotten_all_the_time() {
    let mut user = TestUser::confirmed();
    for number in 0..40 {
        user.now += 10 * SECOND;
        send(&mut user, number, &format!("N{number}"), None).unwrap();
    }
    assert!(user.row.recent_changes.len() < 32, "some are too old");
    let lost = send(&mut user, 99, "Eva", Some(100 * SECOND)).unwrap();
    assert!(lost.is_changed && !lost.is_repeat);
}

#[test]
fn a_change_of_equal_values_needs_no_memory() {
    let mut user = TestUser::confirmed();
    let fields = user.row.values();
    let sent = |first_try_at| Try {
        number: 1,
        first_try_at,
    };
    let unchanged = user.try_change(&change(&fields, None, Some(sent(None)))).unwrap();
    assert!(!unchanged.is_row_changed && user.row.recent_changes.is_empty());
    // In between the value changed. The first try did nothing, so the second one is the only one that does something.
    send(&mut user, 2, "Eva", None).unwrap();
    let at = Some(user.now);
    let second = user.try_change(&change(&fields, None, Some(sent(at)))).unwrap();
    assert!(second.is_changed && !second.is_repeat);
}

#[test]
fn with_a_key_the_number_does_not_matter() {
    let mut user = TestUser::confirmed();
    for number in 0..40 {
        user.now += 1;
        send(&mut user, number, &format!("N{number}"), None).unwrap();
    }
    let fields = name("Eva");
    let second = Try {
        number: 99,
        first_try_at: Some(0),
    };
    let keyed = change(&fields, Some(KeyState::default()), Some(second));
    assert!(
        user.try_change(&keyed).unwrap().is_changed,
        "its key was never used"
    );
    assert_eq!(user.row.recent_changes.len(), 32);
    let fields = name("Ida");
    let known = Try {
        number: 39,
        first_try_at: None,
    };
    let keyed = change(&fields, Some(KeyState::default()), Some(known));
    assert!(user.try_change(&keyed).unwrap().is_changed);
}
