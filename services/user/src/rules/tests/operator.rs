//! What operators do to a user, also while an attempt is in flight.

use contracts::{
    Field, FieldDefinitions, FieldResult, FieldSet, LinkOrigin, NextAction, Priority, SyncState,
};

use super::{
    attempt_results::{ACCOUNT, all_confirmed, contact_found, failed, timed_out},
    test_user::{SECOND, TestUser},
};
use crate::rules::{ResyncResult, link_by_operator, resync, unlink};

impl TestUser {
    pub(super) fn link(&mut self, contact: &str) -> bool {
        let contact = contact.parse().unwrap();
        link_by_operator(&mut self.row, &contact, ACCOUNT, self.now, &self.timing)
    }

    fn unlink(&mut self) -> bool {
        unlink(&mut self.row, self.now, &self.timing)
    }

    fn contact(&self) -> Option<&str> {
        self.row.link.as_ref().map(|link| link.contact_id.as_str())
    }
}

#[test]
fn a_resync_marks_every_field_dirty_once() {
    let mut user = TestUser::confirmed();
    assert_eq!(resync(&mut user.row, None, user.now), ResyncResult::MarkedDirty);
    assert_eq!(
        (user.row.dirty_fields(), user.row.priority),
        (FieldDefinitions::built_in().all(), Priority::Backfill)
    );
    assert_eq!((user.row.version, user.row.due_at()), (1, Some(user.now)));
    assert!(user.receipt(1).resending && user.receipt(1).state == SyncState::Confirmed);
    let before = user.row.clone();
    assert_eq!(resync(&mut user.row, None, user.now), ResyncResult::AlreadyDirty);
    assert_eq!(user.row, before);
}

#[test]
fn a_resync_keeps_a_live_change_live() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    assert_eq!(resync(&mut user.row, None, user.now), ResyncResult::MarkedDirty);
    assert_eq!(
        (user.row.dirty_fields(), user.row.priority),
        (FieldDefinitions::built_in().all(), Priority::Live)
    );
}

#[test]
fn a_resync_skips_users_that_share_a_contact() {
    let mut user = TestUser::confirmed();
    user.row.link.as_mut().unwrap().shared = true;
    let before = user.row.clone();
    assert_eq!(resync(&mut user.row, None, user.now), ResyncResult::Shared);
    assert_eq!(user.row, before);
}

#[test]
fn a_resync_skips_fields_that_were_never_given() {
    let mut user = TestUser::not_created();
    user.change([(Field::EMAIL, "ada@example.com")]);
    let claim = user.claim();
    user.report(contact_found(&claim, "1", LinkOrigin::PrimaryAddress));
    resync(&mut user.row, None, user.now);
    assert_eq!(user.row.dirty_fields(), FieldSet::from_iter([Field::EMAIL]));
}

#[test]
fn an_operators_link_marks_every_field_dirty() {
    let mut user = TestUser::confirmed();
    user.link("9");
    let link = user.row.link.clone().unwrap();
    assert_eq!(
        (link.contact_id.as_str(), link.origin),
        ("9", LinkOrigin::ByOperator)
    );
    assert_eq!(
        (user.row.dirty_fields(), user.row.priority),
        (FieldDefinitions::built_in().all(), Priority::Live)
    );
    assert_eq!(user.row.version, 1);
    let claim = user.claim();
    assert_eq!(claim.link.as_ref().unwrap().contact_id, "9");
    assert_eq!(user.report(all_confirmed(&claim)).next, NextAction::Clean);
}

#[test]
fn an_operators_link_is_made_once() {
    let mut user = TestUser::confirmed();
    assert!(user.link("9"));
    user.claim();
    let before = user.row.clone();
    assert!(!user.link("9"), "the same request again changes nothing");
    assert_eq!(user.row, before);
    assert!(user.link("10"));
    user.row.link.as_mut().unwrap().shared = true;
    assert!(user.link("10"), "it is alone with its contact again");
    assert!(!user.row.link.unwrap().shared);
}

#[test]
fn an_operator_can_confirm_a_link_that_a_worker_found() {
    let mut user = TestUser::created();
    let claim = user.claim();
    user.report(contact_found(&claim, "9", LinkOrigin::PrimaryAddress));
    assert!(user.link("9"));
    assert_eq!(user.row.link.unwrap().origin, LinkOrigin::ByOperator);
}

#[test]
fn an_attempt_in_flight_does_not_replace_an_operators_link() {
    for how in [
        LinkOrigin::PrimaryAddress,
        LinkOrigin::SecondaryAddress,
        LinkOrigin::Followed,
        LinkOrigin::Merged,
        LinkOrigin::Created,
    ] {
        let mut user = TestUser::created();
        let claim = user.claim();
        user.link("9");
        let effects = user.report(contact_found(&claim, "1", how));
        assert_eq!(effects.next, NextAction::Now, "its worker goes on at once");
        assert_eq!(
            (user.contact(), user.row.dirty_fields()),
            (Some("9"), FieldDefinitions::built_in().all())
        );
        let claim = user.claim();
        assert_eq!(
            user.report(all_confirmed(&claim)).next,
            NextAction::Clean,
            "{how:?}"
        );
    }
}

#[test]
fn a_write_to_the_former_contact_resolves_nothing() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    let claim = user.claim();
    user.link("9");
    assert_eq!(user.report(all_confirmed(&claim)).next, NextAction::Now);
    assert_eq!(
        (user.contact(), user.row.dirty_fields()),
        (Some("9"), FieldDefinitions::built_in().all())
    );
    assert_eq!(
        user.report(all_confirmed(&claim)).next,
        NextAction::Now,
        "a repeat resolves nothing either"
    );
    assert_eq!(user.row.dirty_fields(), FieldDefinitions::built_in().all());
}

#[test]
fn after_the_next_claim_the_former_attempt_is_superseded() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    let former = user.claim();
    user.link("9");
    let claim = user.claim();
    assert!(claim.attempt > former.attempt);
    assert_eq!(
        user.report(contact_found(&former, "1", LinkOrigin::Merged)).next,
        NextAction::Superseded
    );
    assert_eq!(user.report(all_confirmed(&claim)).next, NextAction::Clean);
    assert_eq!(user.contact(), Some("9"));
}

#[test]
fn an_unlink_holds_although_an_attempt_wrote_to_the_contact() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    let claim = user.claim();
    assert!(user.unlink());
    let mut result = all_confirmed(&claim);
    result.link = contact_found(&claim, "2", LinkOrigin::Merged).link;
    result.confirmed_address = Some("eva@example.com".to_owned());
    assert_eq!(user.report(result).next, NextAction::Now);
    assert_eq!(
        (user.contact(), user.row.dirty_fields()),
        (None, FieldDefinitions::built_in().all())
    );
    let claim = user.claim();
    assert!(
        claim.link.is_none() && !claim.never_linked,
        "it is looked up, and not created"
    );
    user.report(contact_found(&claim, "2", LinkOrigin::PrimaryAddress));
    let claim = user.claim();
    assert_eq!(user.report(all_confirmed(&claim)).next, NextAction::Clean);
}

#[test]
fn a_call_in_flight_at_an_unlink_starts_a_late_write_window() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    let claim = user.claim();
    user.unlink();
    user.change([(Field::FIRST_NAME, "Zoe")]);
    user.report(timed_out(&claim));
    for _ in 0..2 {
        let claim = user.claim();
        let link = claim
            .link
            .is_none()
            .then(|| contact_found(&claim, "1", LinkOrigin::PrimaryAddress));
        user.report(link.unwrap_or_else(|| all_confirmed(&claim)));
    }
    assert!(!user.row.is_dirty());
    user.advance(user.timing.late_write);
    assert_eq!(user.row.dirty_fields(), FieldSet::from_iter([Field::FIRST_NAME]));
}

#[test]
fn a_user_without_a_contact_is_not_unlinked() {
    let mut user = TestUser::created();
    let before = user.row.clone();
    assert!(!user.unlink());
    assert_eq!(user.row, before);
}

#[test]
fn an_operators_link_ends_pauses_and_rechecks() {
    let mut user = TestUser::created();
    let claim = user.claim();
    user.report(failed(&claim, true));
    user.link("9");
    assert_eq!((user.row.failures, user.row.due_at()), (0, Some(user.now)));
    user.now += SECOND;
    let claim = user.claim();
    assert_eq!(user.report(all_confirmed(&claim)).next, NextAction::Clean);
    assert_eq!(user.row.recheck_at, None);
}

#[test]
fn a_conflict_does_not_move_an_operators_link() {
    let mut user = TestUser::confirmed();
    user.link("9");
    let claim = user.claim();
    let effects = user.report(contact_found(&claim, "1", LinkOrigin::Followed));
    assert_eq!((effects.next, user.contact()), (NextAction::Now, Some("9")));
    let claim = user.claim();
    assert_eq!(
        claim.dirty,
        FieldDefinitions::built_in().all().without(Field::EMAIL)
    );
    user.report(all_confirmed(&claim));
    let email = &user.row.fields[Field::EMAIL].result;
    let Some(FieldResult::Conflict { reason }) = email else {
        panic!("{email:?}")
    };
    assert_eq!(reason.code, "LINKED_BY_OPERATOR");
}

#[test]
fn a_merge_moves_an_operators_link() {
    let mut user = TestUser::confirmed();
    user.link("9");
    let claim = user.claim();
    let mut result = all_confirmed(&claim);
    result.link = contact_found(&claim, "10", LinkOrigin::Merged).link;
    user.report(result);
    let link = user.row.link.unwrap();
    assert_eq!(
        (link.contact_id.as_str(), link.origin),
        ("10", LinkOrigin::ByOperator)
    );
}
