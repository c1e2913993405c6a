//! Which contact a user is linked to.

use std::collections::HashSet;

use contracts::{Field, FieldResult, FieldSet, LinkOrigin, NextAction, SyncState, UserId};

use super::{
    attempt_results::{all_confirmed, all_with, contact_found},
    test_user::TestUser,
};

pub(super) fn another_user() -> Vec<UserId> {
    vec!["other".parse().unwrap()]
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
        assert_eq!((effects.next, effects.now_shared), (NextAction::Now, vec![]));
        assert_eq!(user.row.dirty_fields(), FieldSet::all().without(Field::EMAIL));
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
    assert_eq!(user.row.dirty_fields(), FieldSet::all());
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
    user.others = another_user();
    let claim = user.claim();
    let effects = user.report(contact_found(&claim, "c1", LinkOrigin::PrimaryAddress));
    assert_eq!(effects.now_shared, another_user());
    assert!(user.row.link.unwrap().shared);
}

#[test]
fn a_former_address_that_is_primary_links_a_shared_contact() {
    let (mut user, claim) = in_conflict();
    user.others = another_user();
    let mut result = contact_found(&claim, "c2", LinkOrigin::PrimaryAddress);
    result.link.as_mut().unwrap().address = Some("ada@example.com".to_owned());
    assert_eq!(user.report(result).now_shared, another_user());
    assert_eq!(user.row.link.unwrap().contact_id, "c2");
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
    user.others = another_user();
    let claim = user.claim();
    let effects = user.report(contact_found(&claim, "c1", LinkOrigin::SecondaryAddress));
    assert_eq!((effects.next, effects.now_shared), (NextAction::Clean, vec![]));
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
    assert_eq!(user.row.dirty_fields(), FieldSet::all().without(Field::EMAIL));
    assert_eq!(user.receipt(2).state, SyncState::Confirmed);
    assert_eq!(user.row.link.unwrap().contact_id, "c2");
}

#[test]
fn a_conflict_with_another_users_contact_is_not_followed() {
    let (mut user, claim) = in_conflict();
    user.others = another_user();
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
    let others = other.row.link.iter().map(|_| other.row.user_id.clone());
    user.others = others.collect();
    let effects = user.report(result);
    if effects.now_shared.contains(&other.row.user_id) {
        other.row.link.as_mut().unwrap().shared = true;
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
