//! Which contact a user is linked to.

use std::collections::HashSet;

use contracts::{
    AttemptResult, Claim, Field, FieldDefinitions, FieldResult, FieldSet, LinkOrigin, NextAction, SyncState,
};

use super::{
    attempt_results::{ACCOUNT, all_confirmed, all_with, contact_found, no_result},
    test_user::TestUser,
};
use crate::rules::{self, Row};

/// Another user, linked to the contact by its primary address, which is the same as that of [`TestUser`].
pub(super) fn another_user() -> TestUser {
    let mut other = TestUser::confirmed();
    other.row.user_id = "other".parse().unwrap();
    other
}

/// Another user whose address is a secondary one of the contact.
fn with_secondary_address() -> Vec<Row> {
    let mut other = another_user();
    other.row.fields[Field::EMAIL].value = Some("secondary@example.com".into());
    vec![other.row]
}

fn losers(row: &Row) -> Vec<contracts::UserId> {
    vec![row.user_id.clone()]
}

/// A user with a new address that is in conflict.
fn in_conflict() -> (TestUser, contracts::Claim) {
    let mut user = TestUser::confirmed();
    user.change([(Field::EMAIL, "eva@example.com")]);
    let claim = user.claim();
    (user, claim)
}

#[test]
fn an_address_that_finds_a_contact_is_confirmed_others_dirty() {
    for how in [LinkOrigin::PrimaryAddress, LinkOrigin::SecondaryAddress] {
        let mut user = TestUser::created();
        let claim = user.claim();
        let effects = user.report(contact_found(&claim, "c1", how));
        assert_eq!((effects.next, effects.losers), (NextAction::Now, vec![]));
        assert_eq!(
            user.row.dirty_fields(),
            FieldDefinitions::built_in().all().without(Field::EMAIL)
        );
        let link = user.row.link.unwrap();
        assert_eq!(
            (link.contact_id.as_str(), link.origin, link.shared),
            ("c1", how, false)
        );
    }
}

#[test]
fn a_changed_address_is_sent_to_the_contact_of_the_former_one() {
    let mut user = TestUser::created();
    let claim = user.claim();
    user.change([(Field::EMAIL, "eva@example.com")]);
    user.report(contact_found(&claim, "c1", LinkOrigin::PrimaryAddress));
    assert_eq!(user.row.dirty_fields(), FieldDefinitions::built_in().all());
}

#[test]
fn a_merge_moves_the_link_and_marks_nothing_dirty() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    let claim = user.claim();
    let mut result = all_confirmed(&claim);
    result.link = contact_found(&claim, "c2", LinkOrigin::Merged).link;
    assert_eq!(user.report(result).next, NextAction::Clean);
    let link = user.row.link.unwrap();
    assert_eq!(
        (link.contact_id.as_str(), link.address.as_deref()),
        ("c2", Some("ada@example.com"))
    );
}

#[test]
fn two_users_with_the_primary_address_share_the_contact() {
    let mut user = TestUser::created();
    user.others = vec![another_user().row];
    let claim = user.claim();
    let effects = user.report(contact_found(&claim, "c1", LinkOrigin::PrimaryAddress));
    assert_eq!(effects.losers, vec![]);
    assert!(user.row.link.unwrap().shared);
}

#[test]
fn the_user_of_the_primary_address_takes_the_contact_from_that_of_a_secondary_one() {
    let mut user = TestUser::created();
    user.others = with_secondary_address();
    let claim = user.claim();
    let effects = user.report(contact_found(&claim, "c1", LinkOrigin::PrimaryAddress));
    assert_eq!(effects.losers, losers(&user.others[0]));
    assert!(!user.row.link.unwrap().shared);
}

#[test]
fn a_user_that_lost_its_contact_is_sent_to_one_of_its_own() {
    let mut user = another_user();
    rules::lose_contact(&mut user.row, user.now, &user.timing);
    assert_eq!(user.row.dirty_fields(), FieldDefinitions::built_in().all());
    let claim = user.claim();
    assert_eq!((claim.link, claim.never_linked), (None, true));
}

#[test]
fn a_contact_that_gets_a_new_address_belongs_to_the_user_who_has_both() {
    let mut other = another_user();
    other.change([(Field::EMAIL, "new@example.com")]);
    let mut user = TestUser::created();
    user.others = vec![other.row];
    let claim = user.claim();
    let effects = user.report(contact_found(&claim, "c1", LinkOrigin::PrimaryAddress));
    assert_eq!((effects.losers, user.row.link.clone()), (vec![], None));
    let reason = user.receipt(1).fields[&Field::EMAIL].reason.clone().unwrap();
    assert_eq!(reason.code, "CONTACT_OF_ANOTHER_USER");
    assert!(reason.message.contains("contact c1"), "{}", reason.message);
}

/// Two users exchange their addresses, and HubSpot says to both that another contact has the new one.
#[test]
fn two_users_exchange_their_addresses_whoever_reports_first() {
    for first in [0, 1] {
        let mut users = [("ada@example.com", "c1"), ("eva@example.com", "c2")].map(|(address, contact)| {
            let mut user = TestUser::not_created();
            user.row.user_id = contact.parse().unwrap();
            user.change([(Field::EMAIL, address)]);
            let claim = user.claim();
            user.report(contact_found(&claim, contact, LinkOrigin::PrimaryAddress));
            user
        });
        users[0].change([(Field::EMAIL, "eva@example.com")]);
        users[1].change([(Field::EMAIL, "ada@example.com")]);
        let claims = users.each_mut().map(TestUser::claim);
        for asker in [first, 1 - first] {
            let contact = ["c2", "c1"][asker];
            let holder = users[1 - asker].row.clone();
            users[asker].others = vec![holder];
            let effects = users[asker].report(contact_found(&claims[asker], contact, LinkOrigin::Followed));
            if asker == first {
                assert_eq!(
                    (users[asker].receipt(2).state, effects.losers),
                    (SyncState::Conflict, vec![])
                );
            } else {
                assert_eq!(effects.losers, losers(&users[first].row));
                let row = &mut users[first];
                rules::lose_contact(&mut row.row, row.now, &row.timing);
            }
        }
        let claim = users[first].claim();
        users[first].others = Vec::new();
        let contact = ["c2", "c1"][first];
        users[first].report(contact_found(&claim, contact, LinkOrigin::PrimaryAddress));
        let contacts = users.map(|user| user.row.link.unwrap().contact_id);
        assert_eq!(contacts, ["c2", "c1"]);
    }
}

#[test]
fn an_operators_link_is_the_strongest() {
    let mut other = another_user();
    let contact = "101".parse().unwrap();
    rules::link_by_operator(&mut other.row, &contact, ACCOUNT, other.now, &other.timing);
    let mut user = TestUser::created();
    user.others = vec![other.row];
    let claim = user.claim();
    user.report(contact_found(&claim, "101", LinkOrigin::PrimaryAddress));
    assert_eq!(
        (user.receipt(1).state, user.row.link),
        (SyncState::Conflict, None)
    );
}

#[test]
fn a_contact_whose_address_was_written_meanwhile_is_looked_up_again() {
    let mut user = TestUser::created();
    user.others = with_secondary_address();
    let claim = user.claim();
    user.now += 10;
    user.others[0].address_written_at = user.now;
    let effects = user.report(contact_found(&claim, "c1", LinkOrigin::PrimaryAddress));
    assert!(matches!(effects.next, NextAction::Later { .. }), "{effects:?}");
    assert_eq!(user.row.link, None);
    user.now += 2_000;
    let claim = user.claim();
    let effects = user.report(contact_found(&claim, "c1", LinkOrigin::PrimaryAddress));
    assert_eq!(effects.losers, losers(&user.others[0]));
}

#[test]
fn a_user_does_not_lose_its_contact_while_its_address_is_being_written() {
    let mut other = another_user();
    other.row.fields[Field::EMAIL].value = Some("secondary@example.com".into());
    rules::send_everything(&mut other.row, other.now);
    other.claim();
    let mut user = TestUser::created();
    user.others = vec![other.row];
    let claim = user.claim();
    let effects = user.report(contact_found(&claim, "c1", LinkOrigin::PrimaryAddress));
    assert_eq!(effects.losers, []);
    assert!(matches!(effects.next, NextAction::Later { .. }), "{effects:?}");
}

#[test]
fn users_who_share_a_contact_that_was_merged_do_not_wait_for_each_other() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    rules::send_everything(&mut user.row, user.now);
    let claim = user.claim();
    let mut other = another_user();
    rules::send_everything(&mut other.row, other.now);
    other.claim();
    user.others = vec![other.row];
    user.report(merged(&claim, "ada@example.com"));
    let link = user.row.link.unwrap();
    assert_eq!((link.contact_id.as_str(), link.shared), ("c2", true));
}

/// A user who has only an address, and whose contact was another user's before.
fn heir() -> TestUser {
    let mut user = TestUser::not_created();
    user.change([(Field::EMAIL, "ada@example.com")]);
    let claim = user.claim();
    user.report(contact_found(&claim, "c1", LinkOrigin::PrimaryAddress));
    rules::inherit_values(&mut user.row, &another_user().row);
    user
}

#[test]
fn values_of_a_former_user_are_cleared_that_the_new_one_never_had() {
    let mut user = heir();
    let claim = user.claim();
    let names = [Field::FIRST_NAME, Field::LAST_NAME];
    let expected = names.map(|field| (field, Some(field.name().into())));
    assert_eq!(claim.former_values, expected.into());
    assert_eq!(claim.dirty, FieldSet::EMPTY);
    let result = AttemptResult {
        cleared: FieldSet::from_iter(names),
        ..no_result(&claim)
    };
    assert_eq!(user.report(result).next, NextAction::Clean);
}

#[test]
fn a_value_that_the_new_user_gets_replaces_that_of_the_former_one() {
    let mut user = heir();
    user.change([(Field::FIRST_NAME, "Eva")]);
    let claim = user.claim();
    let left: Vec<_> = claim.former_values.into_keys().collect();
    assert_eq!(
        (left, claim.dirty),
        (vec![Field::LAST_NAME], FieldSet::from_iter([Field::FIRST_NAME]))
    );
}

#[test]
fn a_worker_that_clears_nothing_is_not_asked_again_at_once() {
    let mut user = heir();
    let claim = user.claim();
    let effects = user.report(no_result(&claim));
    assert!(matches!(effects.next, NextAction::Later { .. }), "{effects:?}");
}

#[test]
fn a_user_that_loses_its_contact_clears_nothing_in_the_next_one() {
    let mut user = heir();
    rules::lose_contact(&mut user.row, user.now, &user.timing);
    assert!(user.row.former_values.is_empty());
}

#[test]
fn a_former_address_that_finds_another_users_contact_is_passed_over() {
    let (mut user, claim) = in_conflict();
    user.others = vec![another_user().row];
    let mut result = contact_found(&claim, "c2", LinkOrigin::PrimaryAddress);
    result.link.as_mut().unwrap().address = Some("ada@example.com".to_owned());
    assert_eq!(user.report(result).next, NextAction::Now);
    let link = user.row.link.clone().unwrap();
    assert_eq!((link.contact_id.as_str(), link.address), ("c1", None));
}

fn merged(claim: &Claim, primary: &str) -> AttemptResult {
    let mut link = contact_found(claim, "c2", LinkOrigin::Merged).link.unwrap();
    link.primary_address = Some(primary.to_owned());
    AttemptResult {
        link: Some(link),
        ..all_confirmed(claim)
    }
}

#[test]
fn of_two_users_whose_contacts_are_merged_the_one_of_the_primary_address_keeps_the_contact() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    let claim = user.claim();
    user.others = with_secondary_address();
    let effects = user.report(merged(&claim, "ada@example.com"));
    assert_eq!(effects.losers, losers(&user.others[0]));
    assert_eq!(user.row.dirty_fields(), FieldDefinitions::built_in().all());
    assert_eq!(user.row.link.unwrap().contact_id, "c2");
}

#[test]
fn a_user_whose_contact_was_merged_into_a_better_users_is_looked_up_again() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    let claim = user.claim();
    user.others = with_secondary_address();
    let effects = user.report(merged(&claim, "secondary@example.com"));
    assert_eq!(effects.next, NextAction::Now);
    assert_eq!(
        effects.overwritten,
        losers(&user.others[0]),
        "its name was overwritten"
    );
    let claim = user.claim();
    assert_eq!(
        (claim.link, claim.dirty),
        (None, FieldDefinitions::built_in().all())
    );
}

#[test]
fn only_the_user_that_was_linked_first_gives_a_shared_contact_another_address() {
    let (mut first, mut second) = (TestUser::confirmed(), another_user());
    second.row.linked_at = first.row.linked_at + 1;
    for user in [&mut first, &mut second] {
        user.row.link.as_mut().unwrap().shared = true;
        user.change([(Field::EMAIL, "new@example.com")]);
    }
    let is_second = rules::is_second_in_shared_contact;
    assert!(!is_second(&first.row, std::slice::from_ref(&second.row)));
    assert!(is_second(&second.row, std::slice::from_ref(&first.row)));
}

#[test]
fn who_shared_a_contact_that_got_another_address_loses_it() {
    let mut user = TestUser::confirmed();
    user.row.link.as_mut().unwrap().shared = true;
    user.change([(Field::EMAIL, "new@example.com")]);
    let claim = user.claim();
    user.others = vec![another_user().row];
    let mut result = all_confirmed(&claim);
    result.confirmed_address = Some("new@example.com".to_owned());
    assert_eq!(user.report(result).losers, losers(&user.others[0]));
}

#[test]
fn a_field_that_was_never_given_is_not_sent_to_a_new_contact() {
    let mut user = TestUser::not_created();
    user.change([(Field::EMAIL, "ada@example.com")]);
    let claim = user.claim();
    user.report(contact_found(&claim, "c1", LinkOrigin::PrimaryAddress));
    assert!(!user.row.is_dirty());
}

#[test]
fn a_secondary_address_does_not_link_another_users_contact() {
    let mut user = TestUser::created();
    user.others = vec![another_user().row];
    let claim = user.claim();
    let effects = user.report(contact_found(&claim, "c1", LinkOrigin::SecondaryAddress));
    assert_eq!((effects.next, effects.losers), (NextAction::Clean, vec![]));
    assert_eq!(
        (user.receipt(1).state, user.row.link.clone()),
        (SyncState::Conflict, None)
    );
    assert!(user.row.recheck_at.is_some());
}

#[test]
fn a_conflict_is_followed_to_a_contact_without_a_user() {
    let (mut user, claim) = in_conflict();
    assert_eq!(
        user.report(contact_found(&claim, "c2", LinkOrigin::Followed))
            .next,
        NextAction::Now
    );
    assert_eq!(
        user.row.dirty_fields(),
        FieldDefinitions::built_in().all().without(Field::EMAIL)
    );
    assert_eq!(user.receipt(2).state, SyncState::Confirmed);
    assert_eq!(user.row.link.unwrap().contact_id, "c2");
}

#[test]
fn a_conflict_with_another_users_contact_is_not_followed() {
    let (mut user, claim) = in_conflict();
    let mut other = another_user();
    other.row.fields[Field::EMAIL].value = Some("eva@example.com".into());
    user.others = vec![other.row];
    user.report(contact_found(&claim, "c2", LinkOrigin::Followed));
    assert_eq!(user.receipt(2).state, SyncState::Conflict);
    assert_eq!(user.row.link.unwrap().contact_id, "c1");
}

#[test]
fn a_link_that_is_known_already_defers_the_user() {
    let (mut user, claim) = in_conflict();
    let effects = user.report(contact_found(&claim, "c1", LinkOrigin::Followed));
    assert!(matches!(effects.next, NextAction::Later { .. }), "{effects:?}");
    let claim = user.claim();
    let mut result = all_confirmed(&claim);
    result.link = contact_found(&claim, "c1", LinkOrigin::Followed).link;
    assert_eq!(user.report(result).next, NextAction::Clean);
}

#[test]
fn the_confirmed_address_is_kept_with_the_link() {
    let (mut user, claim) = in_conflict();
    let mut result = all_confirmed(&claim);
    result.confirmed_address = Some("eva@example.com".to_owned());
    user.report(result);
    assert_eq!(user.row.link.unwrap().address.as_deref(), Some("eva@example.com"));
}

/// Steps with two users and one contact.
#[derive(Debug, Clone, Copy)]
enum Step {
    Change(usize),
    Find(usize, LinkOrigin),
    Done(usize),
    NotFound(usize),
}

#[test]
fn two_users_of_one_contact_always_know_that_they_share_it() {
    let hows = [
        LinkOrigin::PrimaryAddress,
        LinkOrigin::SecondaryAddress,
        LinkOrigin::Followed,
        LinkOrigin::Merged,
    ];
    let mut steps = Vec::new();
    for user in [0, 1] {
        steps.extend([Step::Change(user), Step::Done(user), Step::NotFound(user)]);
        steps.extend(hows.map(|how| Step::Find(user, how)));
    }
    let mut level = vec![([TestUser::created(), TestUser::created()], Vec::new())];
    level[0].0[1].row.user_id = "u2".parse().unwrap();
    let mut seen = HashSet::new();
    for _ in 0..5 {
        let mut next = Vec::new();
        for (users, path) in level {
            for step in &steps {
                let mut after = users.clone();
                if !take(&mut after, *step) {
                    continue;
                }
                let mut path: Vec<Step> = path.clone();
                path.push(*step);
                check_pair(&after, &path);
                if seen.insert(format!("{:?}{:?}", after[0].row, after[1].row)) {
                    next.push((after, path));
                }
            }
        }
        level = next;
    }
    assert!(seen.len() > 500, "only {} states", seen.len());
}

/// Every attempt finds the one contact `c`.
fn take(users: &mut [TestUser; 2], step: Step) -> bool {
    let (Step::Change(user) | Step::Find(user, _) | Step::Done(user) | Step::NotFound(user)) = step;
    let [first, second] = users;
    let (user, other) = if user == 0 {
        (first, second)
    } else {
        (second, first)
    };
    if let Step::Change(_) = step {
        user.change([(Field::EMAIL, "same@example.com")]);
        return true;
    }
    if !user.row.is_dirty() {
        return false;
    }
    let claim = user.claim();
    let result = match step {
        Step::Find(_, how) => contact_found(&claim, "c", how),
        Step::NotFound(_) => all_with(&claim, &FieldResult::NotFound),
        _ => all_confirmed(&claim),
    };
    user.others = other.row.link.iter().map(|_| other.row.clone()).collect();
    let effects = user.report(result);
    if !effects.losers.is_empty() {
        rules::lose_contact(&mut other.row, user.now, &user.timing);
    }
    let are_both_linked = user.row.link.is_some() && other.row.link.is_some();
    for row in [&mut user.row, &mut other.row] {
        if let Some(link) = &mut row.link {
            link.shared = are_both_linked;
        }
    }
    true
}

fn check_pair(users: &[TestUser; 2], path: &[Step]) {
    let rows = users.each_ref().map(|user| &user.row);
    if let [Some(one), Some(other)] = rows.map(|row| row.link.as_ref()) {
        assert!(
            one.shared && other.shared,
            "both know that they share it after {path:?}: {rows:?}"
        );
    }
    for row in rows {
        assert!(
            row.wake_at.is_some() || !row.is_dirty(),
            "a wake-up after {path:?}: {row:?}"
        );
    }
}
