//! Numbers that continue above the version floor after commits may have been lost.

use contracts::{
    ChangeLease, Field, FieldDefinitions, FieldSet, LeaseAnswer, NextAction, SyncState, delivery::LeaseAction,
};

use super::{
    attempt_results::{ACCOUNT, all_confirmed, timed_out},
    test_user::{TestUser, values},
};
use crate::rules::{
    Change, ChangeError, FingerprintChange, Lease, RuleTiming, accept_line, change_lease, check_fingerprint,
    raise_version_floor,
};

const NOW: i64 = 1_800_000_000_000;
/// The highest number that every client can read.
const MAX_NUMBER: u64 = 1 << 53;

fn raised() -> Lease {
    let mut lease = Lease::default();
    raise_version_floor(&mut lease, None, NOW, &RuleTiming::default());
    lease
}

/// Goes back to the row of an earlier commit, under a raised floor.
fn after_a_loss(user: &TestUser) -> TestUser {
    let mut restored = user.clone();
    restored.floor = raised().version_floor;
    restored
}

#[test]
fn another_fingerprint_raises_the_floor_once() {
    let timing = RuleTiming::default();
    let mut lease = Lease::default();
    let mut check = |found| check_fingerprint(&mut lease, found, NOW, &timing);
    assert_eq!(check(None), FingerprintChange::None);
    assert_eq!(check(Some("1")), FingerprintChange::First);
    assert_eq!(check(Some("1")), FingerprintChange::None);
    assert_eq!(
        check(None),
        FingerprintChange::None,
        "it is not readable at the moment"
    );
    assert_eq!(check(Some("2")), FingerprintChange::Another);
    assert_eq!(check(Some("2")), FingerprintChange::None);
    assert_eq!(lease.fingerprint.as_deref(), Some("2"));
    assert!(lease.version_floor > 0);
}

#[test]
fn each_raise_is_above_all_numbers_before_it_and_below_two_to_the_53() {
    let first = raised();
    let mut second = first.clone();
    // The clock of the server that takes over is slow.
    raise_version_floor(&mut second, None, NOW - 60_000, &RuleTiming::default());
    assert!(second.version_floor >= first.version_floor + 1_000_000);
    // A raise that was lost: both floors come from the same state of the database.
    let mut other = Lease::default();
    raise_version_floor(&mut other, None, NOW + 1_000, &RuleTiming::default());
    assert!(
        other.version_floor >= first.version_floor + 1_000_000,
        "a million changes of one user apart"
    );
    assert!(second.version_floor < MAX_NUMBER / 4);
}

#[test]
fn a_raise_that_was_lost_is_not_repeated() {
    let timing = RuleTiming::default();
    let before = raised();
    // Seconds after the first raise, and with a clock that is a minute slow.
    for (second, third) in [(NOW + 10_000, NOW + 14_000), (NOW - 60_000, NOW - 60_000)] {
        let mut lost = before.clone();
        raise_version_floor(&mut lost, Some("system/2"), second, &timing);
        let mut again = before.clone();
        raise_version_floor(&mut again, Some("system/3"), third, &timing);
        let distance = again.version_floor.abs_diff(lost.version_floor);
        assert!(distance > 1_000, "{distance} after {second}");
    }
}

#[test]
fn after_a_raise_nobody_gets_the_lease_for_one_term() {
    let timing = RuleTiming::default();
    let mut lease = Lease {
        holder: Some("a".to_owned()),
        epoch: 4,
        expires_at: NOW + 1_000,
        ..Lease::default()
    };
    raise_version_floor(&mut lease, None, NOW, &timing);
    let mut hold = |holder: &str, now| {
        let change = ChangeLease {
            holder: holder.to_owned(),
            account_id: ACCOUNT.to_owned(),
            token: contracts::TokenState::Unknown,
            action: LeaseAction::Hold,
        };
        change_lease(&mut lease, &change, false, now, &timing)
    };
    for holder in ["a", "b"] {
        let left_ms = 1;
        let just_before = NOW + timing.lease - 1;
        assert_eq!(
            hold(holder, just_before),
            LeaseAnswer::Held {
                left_ms,
                holder_refused: false,
            },
            "{holder}"
        );
    }
    let granted = hold("b", NOW + timing.lease);
    assert!(
        matches!(granted, LeaseAnswer::Granted { epoch, .. } if epoch > 1_000_000_000),
        "{granted:?}"
    );
}

#[test]
fn versions_and_attempts_continue_above_the_floor() {
    let mut user = after_a_loss(&TestUser::confirmed());
    let floor = user.floor;
    assert_eq!(user.change([(Field::FIRST_NAME, "Eva")]).version, floor + 1);
    assert_eq!(user.change([(Field::FIRST_NAME, "Ida")]).version, floor + 2);
    assert_eq!(user.claim().attempt.get(), floor + 1);
    assert_eq!(user.receipt(floor + 2).attempts, 3, "they are counted one by one");
    let imported = accept_line(
        &mut user.row,
        &values([(Field::FIRST_NAME, "Eve")]),
        FieldDefinitions::built_in(),
        user.now,
        floor,
        &user.timing,
    );
    assert_eq!(imported.unwrap().version, floor + 3);
}

#[test]
fn an_entity_tag_of_an_unchanged_row_stays_valid_and_a_lost_one_does_not() {
    let stored = TestUser::confirmed();
    let mut ahead = stored.clone();
    let lost = ahead.change([(Field::FIRST_NAME, "Eva")]).version;
    let fields = values([(Field::LAST_NAME, "King")]);
    let with = |version| Change {
        form: contracts::UpdateForm::MergePatch,
        fields: &fields,
        definitions: FieldDefinitions::built_in(),
        if_match: Some(version),
        key: None,
        sent: None,
    };
    let mut user = after_a_loss(&stored);
    assert_eq!(user.try_change(&with(lost)), Err(ChangeError::VersionMismatch(1)));
    assert!(user.try_change(&with(1)).is_ok());
    let current = user.row.version;
    assert_eq!(
        user.try_change(&with(lost)),
        Err(ChangeError::VersionMismatch(current))
    );
}

#[test]
fn a_lost_version_has_no_receipt() {
    let mut user = after_a_loss(&TestUser::confirmed());
    user.change([(Field::FIRST_NAME, "Eva")]);
    for lost in [2, 3, user.floor] {
        assert!(crate::rules::receipt(&user.row, lost).is_none(), "{lost}");
    }
    assert_eq!(user.receipt(1).state, SyncState::Confirmed);
}

#[test]
fn the_result_of_a_lost_attempt_resolves_nothing_and_marks_what_it_wrote() {
    let stored = TestUser::confirmed();
    let mut ahead = stored.clone();
    ahead.change([(Field::FIRST_NAME, "lost")]);
    let lost_claim = ahead.claim();
    let mut user = after_a_loss(&stored);
    user.change([(Field::LAST_NAME, "King")]);
    let claim = user.claim();
    let effects = user.report(all_confirmed(&lost_claim));
    assert_eq!(effects.next, NextAction::Superseded);
    assert!(user.row.open_attempt.is_some(), "the open attempt goes on");
    // The contact holds a name that no row has, so the name is sent again.
    user.report(all_confirmed(&claim));
    assert_eq!(user.row.dirty_fields(), FieldSet::from_iter([Field::FIRST_NAME]));
}

#[test]
fn a_call_of_a_lost_attempt_may_come_late() {
    let timing = RuleTiming::default();
    let mut user = after_a_loss(&TestUser::confirmed());
    user.now = NOW + 1_000;
    user.change([(Field::FIRST_NAME, "Eva")]);
    let claim = user.claim();
    user.report(all_confirmed(&claim));
    user.advance(timing.late_write - 1);
    assert!(!user.row.is_dirty());
    user.advance(1);
    assert_eq!(user.row.dirty_fields(), FieldSet::from_iter([Field::FIRST_NAME]));
    let mut later = after_a_loss(&TestUser::confirmed());
    later.now = NOW + timing.lease + timing.late_write;
    later.change([(Field::FIRST_NAME, "Eva")]);
    assert_eq!(later.row.in_doubt, None, "no call can come any more");
}

#[test]
fn a_late_write_of_a_lost_version_is_followed_by_every_field() {
    let stored = TestUser::confirmed();
    let mut ahead = stored.clone();
    ahead.change([(Field::FIRST_NAME, "lost")]);
    let lost_claim = ahead.claim();
    let mut user = after_a_loss(&stored);
    user.report(timed_out(&lost_claim));
    let claim = user.claim();
    user.report(all_confirmed(&claim));
    user.advance(user.timing.late_write);
    assert_eq!(user.row.dirty_fields(), FieldDefinitions::built_in().all());
}
