//! What a claim says of fields that are written only if the contact has no value of its own, and fields that were not written.

use contracts::{
    Field, FieldDefinitions, FieldResult, SyncState, Values,
    fields::{WriteMode, built_in_fields},
};

use super::{
    attempt_results::{all_confirmed, all_with, contact_found},
    test_user::TestUser,
};
use crate::rules::overall_state;

/// A user whose first name is written only if the contact has no value of its own, and is confirmed.
fn confirmed() -> TestUser {
    let mut fields = built_in_fields();
    fields[1].write = WriteMode::IfEmpty;
    let mut user = TestUser::created();
    user.fields = Box::leak(Box::new(FieldDefinitions::new(1, fields).unwrap()));
    let claim = user.claim();
    user.report(contact_found(&claim, "c1", contracts::LinkOrigin::PrimaryAddress));
    let claim = user.claim();
    assert_eq!(claim.last_confirmed, Values::new());
    user.report(all_confirmed(&claim));
    user
}

fn last_confirmed(user: &mut TestUser) -> Values {
    user.claim().last_confirmed
}

#[test]
fn a_claim_names_the_value_that_hubspot_confirmed_before_a_change() {
    let mut user = confirmed();
    user.change([(Field::FIRST_NAME, "Eva"), (Field::LAST_NAME, "Byron")]);
    let expected: Values = [(Field::FIRST_NAME, Some("firstName".into()))].into();
    assert_eq!(last_confirmed(&mut user), expected);
    // A second change before a result does not hide it.
    user.change([(Field::FIRST_NAME, "Ida")]);
    user.now += user.timing.attempt;
    assert_eq!(last_confirmed(&mut user), expected);
}

#[test]
fn a_value_that_is_sent_again_is_the_one_that_was_confirmed() {
    let mut user = confirmed();
    let expected: Values = [(Field::FIRST_NAME, Some("firstName".into()))].into();
    crate::rules::resync(&mut user.row, None, user.now);
    assert_eq!(last_confirmed(&mut user), expected);
}

#[test]
fn a_skipped_field_is_no_problem_and_is_not_retried() {
    let mut user = confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    let version = user.row.version;
    let claim = user.claim();
    user.report(all_with(&claim, &FieldResult::Skipped));
    assert_eq!(user.receipt(version).state, SyncState::Skipped);
    assert_eq!(overall_state(&user.row).0, SyncState::Confirmed);
    assert!(!user.row.is_dirty());
    assert!(!crate::rules::retry(
        &mut user.row,
        contracts::Priority::Live,
        user.now
    ));
}

#[test]
fn what_another_contact_confirmed_is_not_this_ones_value() {
    let mut user = confirmed();
    user.now += 1;
    user.change([(Field::EMAIL, "eva@example.com"), (Field::FIRST_NAME, "Eva")]);
    let claim = user.claim();
    user.report(contact_found(&claim, "c2", contracts::LinkOrigin::Followed));
    assert_eq!(last_confirmed(&mut user), Values::new());
}

#[test]
fn a_field_that_was_written_with_the_contact_stays_confirmed() {
    let mut user = confirmed();
    let version = user.row.version;
    crate::rules::resync(&mut user.row, None, user.now);
    let claim = user.claim();
    user.report(all_with(&claim, &FieldResult::Skipped));
    assert_eq!(user.receipt(version).state, SyncState::Confirmed);
    assert!(!user.row.is_dirty());
}
