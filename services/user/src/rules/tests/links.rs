//! Which contact a user is linked to.

use std::collections::HashSet;

use contracts::{Field, FieldResult, FieldSet, LinkOrigin, NextAction, SyncState, UserId};

use super::{
    desk::Desk,
    verdicts::{all, done, found},
};

pub(super) fn somebody() -> Vec<UserId> {
    vec!["other".parse().unwrap()]
}

/// A user whose new address turned out to be taken.
fn conflicted() -> (Desk, contracts::Claim) {
    let mut desk = Desk::settled();
    desk.change([(Field::EMAIL, "eva@example.com")]);
    let claim = desk.claim();
    (desk, claim)
}

#[test]
fn an_address_that_finds_a_contact_is_confirmed_and_every_other_field_owed() {
    for how in [LinkOrigin::PrimaryAddress, LinkOrigin::SecondaryAddress] {
        let mut desk = Desk::new();
        let claim = desk.claim();
        let effects = desk.record(found(&claim, "c1", how));
        assert_eq!((effects.next, effects.now_shared), (NextAction::Now, vec![]));
        assert_eq!(desk.row.dirty_fields(), FieldSet::all().without(Field::EMAIL));
        let link = desk.row.link.unwrap();
        assert_eq!(
            (link.contact_id.as_str(), link.origin, link.shared),
            ("c1", how, false)
        );
    }
}

#[test]
fn an_address_that_was_changed_meanwhile_is_owed_to_the_contact_found_by_the_former() {
    let mut desk = Desk::new();
    let claim = desk.claim();
    desk.change([(Field::EMAIL, "eva@example.com")]);
    desk.record(found(&claim, "c1", LinkOrigin::PrimaryAddress));
    assert_eq!(desk.row.dirty_fields(), FieldSet::all());
}

#[test]
fn a_merge_moves_the_link_and_owes_nothing() {
    let mut desk = Desk::settled();
    desk.change([(Field::FIRST_NAME, "Eva")]);
    let claim = desk.claim();
    let mut verdict = done(&claim);
    verdict.link = found(&claim, "c2", LinkOrigin::Merged).link;
    assert_eq!(desk.record(verdict).next, NextAction::Clean);
    let link = desk.row.link.unwrap();
    assert_eq!(
        (link.contact_id.as_str(), link.address.as_deref()),
        ("c2", Some("ada@example.com"))
    );
}

#[test]
fn a_contact_of_another_user_is_linked_by_its_primary_address_and_shared_by_both() {
    let mut desk = Desk::new();
    desk.others = somebody();
    let claim = desk.claim();
    let effects = desk.record(found(&claim, "c1", LinkOrigin::PrimaryAddress));
    assert_eq!(effects.now_shared, somebody());
    assert!(desk.row.link.unwrap().shared);
}

#[test]
fn a_contact_of_another_user_is_linked_by_a_former_address_that_is_its_primary_one() {
    let (mut desk, claim) = conflicted();
    desk.others = somebody();
    let mut verdict = found(&claim, "c2", LinkOrigin::PrimaryAddress);
    verdict.link.as_mut().unwrap().address = Some("ada@example.com".to_owned());
    assert_eq!(desk.record(verdict).now_shared, somebody());
    assert_eq!(desk.row.link.unwrap().contact_id, "c2");
}

#[test]
fn a_field_that_no_caller_ever_gave_is_not_owed_to_a_contact_that_is_found() {
    let mut desk = Desk::empty();
    desk.change([(Field::EMAIL, "ada@example.com")]);
    let claim = desk.claim();
    desk.record(found(&claim, "c1", LinkOrigin::PrimaryAddress));
    assert!(!desk.row.is_dirty());
}

#[test]
fn a_contact_of_another_user_is_not_linked_by_a_secondary_address() {
    let mut desk = Desk::new();
    desk.others = somebody();
    let claim = desk.claim();
    let effects = desk.record(found(&claim, "c1", LinkOrigin::SecondaryAddress));
    assert_eq!((effects.next, effects.now_shared), (NextAction::Clean, vec![]));
    assert_eq!(
        (desk.receipt(1).state, desk.row.link.clone()),
        (SyncState::Conflict, None)
    );
    assert!(desk.row.recheck_at.is_some());
}

#[test]
fn a_conflict_is_followed_to_a_contact_of_nobodys() {
    let (mut desk, claim) = conflicted();
    assert_eq!(
        desk.record(found(&claim, "c2", LinkOrigin::Followed)).next,
        NextAction::Now
    );
    assert_eq!(desk.row.dirty_fields(), FieldSet::all().without(Field::EMAIL));
    assert_eq!(desk.receipt(2).state, SyncState::Confirmed);
    assert_eq!(desk.row.link.unwrap().contact_id, "c2");
}

#[test]
fn a_conflict_with_the_contact_of_another_user_settles_the_address_as_taken() {
    let (mut desk, claim) = conflicted();
    desk.others = somebody();
    desk.record(found(&claim, "c2", LinkOrigin::Followed));
    assert_eq!(desk.receipt(2).state, SyncState::Conflict);
    assert_eq!(desk.row.link.unwrap().contact_id, "c1");
}

#[test]
fn a_link_that_is_no_news_pauses_the_user_so_that_nobody_runs_in_circles() {
    let (mut desk, claim) = conflicted();
    let effects = desk.record(found(&claim, "c1", LinkOrigin::Followed));
    assert!(matches!(effects.next, NextAction::Later { .. }), "{effects:?}");
    let claim = desk.claim();
    let mut verdict = done(&claim);
    verdict.link = found(&claim, "c1", LinkOrigin::Followed).link;
    assert_eq!(desk.record(verdict).next, NextAction::Clean);
}

#[test]
fn the_confirmed_address_is_kept_for_finding_the_contact_again() {
    let (mut desk, claim) = conflicted();
    let mut verdict = done(&claim);
    verdict.confirmed_address = Some("eva@example.com".to_owned());
    desk.record(verdict);
    assert_eq!(desk.row.link.unwrap().address.as_deref(), Some("eva@example.com"));
}

/// Steps with two users and one contact.
#[derive(Debug, Clone, Copy)]
enum Step {
    Change(usize),
    Find(usize, LinkOrigin),
    Done(usize),
    Missing(usize),
}

#[test]
fn however_two_users_come_to_one_contact_it_is_shared_openly_or_held_by_one() {
    let hows = [
        LinkOrigin::PrimaryAddress,
        LinkOrigin::SecondaryAddress,
        LinkOrigin::Followed,
        LinkOrigin::Merged,
    ];
    let mut steps = Vec::new();
    for user in [0, 1] {
        steps.extend([Step::Change(user), Step::Done(user), Step::Missing(user)]);
        steps.extend(hows.map(|how| Step::Find(user, how)));
    }
    let mut level = vec![([Desk::new(), Desk::new()], Vec::new())];
    level[0].0[1].row.user_id = "u2".parse().unwrap();
    let mut seen = HashSet::new();
    for _ in 0..5 {
        let mut next = Vec::new();
        for (desks, path) in level {
            for step in &steps {
                let mut after = desks.clone();
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
fn take(desks: &mut [Desk; 2], step: Step) -> bool {
    let (Step::Change(user) | Step::Find(user, _) | Step::Done(user) | Step::Missing(user)) = step;
    let [first, second] = desks;
    let (desk, other) = if user == 0 {
        (first, second)
    } else {
        (second, first)
    };
    if let Step::Change(_) = step {
        desk.change([(Field::EMAIL, "same@example.com")]);
        return true;
    }
    if !desk.row.is_dirty() {
        return false;
    }
    let claim = desk.claim();
    let verdict = match step {
        Step::Find(_, how) => found(&claim, "c", how),
        Step::Missing(_) => all(&claim, &FieldResult::NotFound),
        _ => done(&claim),
    };
    let others = other.row.link.iter().map(|_| other.row.user_id.clone());
    desk.others = others.collect();
    let effects = desk.record(verdict);
    if effects.now_shared.contains(&other.row.user_id) {
        other.row.link.as_mut().unwrap().shared = true;
    }
    true
}

fn check_pair(desks: &[Desk; 2], path: &[Step]) {
    let rows = desks.each_ref().map(|desk| &desk.row);
    if let [Some(one), Some(other)] = rows.map(|row| row.link.as_ref()) {
        assert!(one.shared && other.shared, "both share {path:?}: {rows:?}");
    }
    for row in rows {
        assert!(
            row.wake_at.is_some() || !row.is_dirty(),
            "a wake-up after {path:?}: {row:?}"
        );
    }
}
