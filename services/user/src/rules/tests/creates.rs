//! Contacts that were created for a user or may have been: which fields are dirty then, and where they are looked up.

use contracts::{AttemptResult, Claim, Field, FieldDefinitions, FieldResult, LinkOrigin, NextAction};

use crate::rules::{handle_due, lose_contact};

use super::{
    attempt_results::{all_confirmed, all_with, contact_found, failed},
    links::another_user,
    test_user::{SECOND, TestUser},
};

#[test]
fn after_a_create_fields_outside_the_attempt_are_dirty() {
    let mut user = TestUser::created();
    let claim = user.claim();
    assert!(claim.never_linked);
    user.report(all_with(&claim, &FieldResult::NotFound));
    user.change([(Field::FIRST_NAME, "Eva")]);
    let claim = user.claim();
    let mut result = all_confirmed(&claim);
    result.link = contact_found(&claim, "c9", LinkOrigin::Created).link;
    user.report(result);
    assert_eq!(
        user.row.dirty_fields(),
        FieldDefinitions::built_in().all().without(Field::FIRST_NAME)
    );
    let claim = user.claim();
    assert!(!claim.never_linked && claim.possible_creates.is_empty());
    assert_eq!(claim.link.unwrap().origin, LinkOrigin::Created);
}

/// The addresses under which a contact may exist, and whether HubSpot may still create it.
fn possible_creates(claim: &Claim) -> Vec<(&str, bool)> {
    let all = claim.possible_creates.iter();
    all.map(|create| (create.address.as_str(), create.in_doubt))
        .collect()
}

fn may_have_created(claim: &Claim) -> AttemptResult {
    AttemptResult {
        may_have_created: true,
        ..failed(claim, false)
    }
}

#[test]
fn a_possible_create_is_looked_up_after_its_window() {
    let mut user = TestUser::created();
    user.claim();
    user.change([(Field::EMAIL, "eva@example.com")]);
    user.epoch += 1;
    let claim = user.claim();
    assert_eq!(possible_creates(&claim), [("ada@example.com", true)]);
    user.report(failed(&claim, false));
    user.now += user.timing.late_write;
    let claim = user.claim();
    assert_eq!(possible_creates(&claim), [("ada@example.com", false)]);
    // This failure does not say what was looked up: an attempt may fail before its lookup.
    user.report(failed(&claim, false));
    let claim = user.claim();
    assert_eq!(possible_creates(&claim), [("ada@example.com", false)]);
    // An attempt that creates a contact has looked up the other address without success.
    user.report(may_have_created(&claim));
    assert_eq!(possible_creates(&user.claim()), [("eva@example.com", true)]);
}

#[test]
fn a_clock_step_back_does_not_end_the_window_of_a_create() {
    let mut user = TestUser::created();
    let claim = user.claim();
    user.report(may_have_created(&claim));
    user.now -= user.timing.late_write;
    assert_eq!(possible_creates(&user.claim()), [("ada@example.com", true)]);
}

#[test]
fn a_contact_of_another_user_is_no_possible_create() {
    for kind in [LinkOrigin::PrimaryAddress, LinkOrigin::SecondaryAddress] {
        let mut user = TestUser::created();
        let claim = user.claim();
        user.report(may_have_created(&claim));
        user.change([(Field::EMAIL, "eva@example.com")]);
        let claim = user.claim();
        let mut result = contact_found(&claim, "c9", kind);
        result.link.as_mut().unwrap().address = Some("ada@example.com".to_owned());
        user.others = vec![another_user().row];
        let effects = user.report(result);
        assert_eq!(effects.next, NextAction::Now, "its fields are still dirty");
        assert_eq!(user.row.link, None);
        let claim = user.claim();
        assert_eq!(
            (possible_creates(&claim), claim.dirty),
            (vec![], FieldDefinitions::built_in().all())
        );
    }
}

#[test]
fn possible_creates_of_a_linked_user_are_kept_until_their_window_ends() {
    let mut user = TestUser::created();
    let claim = user.claim();
    user.report(may_have_created(&claim));
    user.change([(Field::EMAIL, "eva@example.com")]);
    let claim = user.claim();
    assert_eq!(possible_creates(&claim), [("ada@example.com", true)]);
    user.report(may_have_created(&claim));
    let claim = user.claim();
    assert_eq!(
        possible_creates(&claim),
        [("ada@example.com", true), ("eva@example.com", true)]
    );
    user.report(contact_found(&claim, "c9", LinkOrigin::PrimaryAddress));
    let both = [("ada@example.com", true), ("eva@example.com", true)];
    assert_eq!(possible_creates(&user.clone().claim()), both);
    // It loses the contact to another user. Without the two addresses it would get a second contact.
    let mut without_link = user.clone();
    lose_contact(&mut without_link.row, user.now, &user.timing);
    let claim = without_link.claim();
    assert!(claim.never_linked);
    assert_eq!(possible_creates(&claim), both);
    // Later, the addresses may be those of other people.
    user.now += user.timing.late_write;
    assert_eq!(possible_creates(&user.clone().claim()), []);
    let mut without_link = user.clone();
    lose_contact(&mut without_link.row, user.now, &user.timing);
    assert_eq!(possible_creates(&without_link.claim()), []);
    handle_due(&mut user.row, user.now, &user.timing);
    assert!(user.row.possible_creates.is_empty(), "no personal data is left");
}

#[test]
fn a_create_of_a_superseded_attempt_is_looked_up() {
    let mut user = TestUser::created();
    let earlier = user.claim();
    user.epoch += 1;
    let claim = user.claim();
    user.report(failed(&claim, false));
    user.now += user.timing.late_write;
    let mut result = all_confirmed(&earlier);
    result.link = contact_found(&earlier, "c9", LinkOrigin::Created).link;
    assert_eq!(user.report(result).next, NextAction::Superseded);
    assert_eq!(user.row.link, None);
    assert_eq!(possible_creates(&user.claim()), [("ada@example.com", true)]);
}

const IN_DOUBT: [(&str, bool); 1] = [("ada@example.com", true)];
const NOT_ANY_MORE: [(&str, bool); 1] = [("ada@example.com", false)];

/// A user whose first attempt was given up, with the claim of that one; the second failed.
fn given_up() -> (TestUser, Claim) {
    let mut user = TestUser::created();
    let earlier = user.claim();
    user.epoch += 1;
    let claim = user.claim();
    user.report(failed(&claim, false));
    (user, earlier)
}

/// Checks that HubSpot may still create the contact for exactly this time.
fn check_may_be_created_for(user: &TestUser, time: i64) {
    let mut before = user.clone();
    before.now += time - 1;
    assert_eq!(possible_creates(&before.claim()), IN_DOUBT);
    let mut after = user.clone();
    after.now += time;
    assert_eq!(possible_creates(&after.claim()), NOT_ANY_MORE);
}

#[test]
fn a_create_may_apply_for_the_late_write_time() {
    let (user, _) = given_up();
    check_may_be_created_for(&user, user.timing.late_write);
    let mut user = TestUser::created();
    let claim = user.claim();
    user.report(may_have_created(&claim));
    check_may_be_created_for(&user, user.timing.late_write);
}

#[test]
fn a_superseded_possible_create_restarts_the_window() {
    let (mut user, earlier) = given_up();
    user.now += 100 * SECOND;
    user.report(may_have_created(&earlier));
    check_may_be_created_for(&user, user.timing.late_write);
}

#[test]
fn a_superseded_create_restarts_the_window() {
    let (mut user, earlier) = given_up();
    user.now += 100 * SECOND;
    let mut result = all_confirmed(&earlier);
    result.link = contact_found(&earlier, "c9", LinkOrigin::Created).link;
    user.report(result);
    check_may_be_created_for(&user, user.timing.late_write);
}

#[test]
fn a_clock_step_back_does_not_extend_the_window_of_a_create() {
    let mut user = TestUser::created();
    let claim = user.claim();
    user.report(may_have_created(&claim));
    user.now -= 10 * user.timing.late_write;
    let claim = user.claim();
    assert_eq!(possible_creates(&claim), IN_DOUBT);
    user.report(failed(&claim, false));
    check_may_be_created_for(&user, user.timing.late_write);
}

#[test]
fn the_last_eight_addresses_are_kept() {
    let mut user = TestUser::created();
    for number in 1..=9 {
        user.change([(Field::EMAIL, &format!("ada{number}@example.com"))]);
        let claim = user.claim();
        user.report(may_have_created(&claim));
    }
    let claim = user.claim();
    let addresses: Vec<&str> = possible_creates(&claim)
        .into_iter()
        .map(|(address, _)| address)
        .collect();
    let expected: Vec<String> = (2..=9).map(|number| format!("ada{number}@example.com")).collect();
    assert_eq!(addresses, expected);
}
