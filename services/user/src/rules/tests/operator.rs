//! What an operator does to a user, and what an attempt that is out makes of it.

use contracts::{Field, FieldResult, FieldSet, LinkOrigin, NextAction, Priority, SyncState};

use super::{
    desk::{Desk, SECOND},
    verdicts::{ACCOUNT, done, failed, found, may_be_late},
};
use crate::rules::{ResyncResult, link_by_operator, resync, unlink};

impl Desk {
    pub(super) fn link(&mut self, contact: &str) -> bool {
        let contact = contact.parse().unwrap();
        link_by_operator(&mut self.row, &contact, ACCOUNT, self.now, &self.terms)
    }

    fn unlink(&mut self) -> bool {
        unlink(&mut self.row, self.now, &self.terms)
    }

    fn contact(&self) -> Option<&str> {
        self.row.link.as_ref().map(|link| link.contact_id.as_str())
    }
}

#[test]
fn a_resync_owes_every_field_as_back_fill_and_once() {
    let mut desk = Desk::settled();
    assert_eq!(resync(&mut desk.row, desk.now), ResyncResult::MarkedDirty);
    assert_eq!(
        (desk.row.dirty_fields(), desk.row.priority),
        (FieldSet::all(), Priority::Backfill)
    );
    assert_eq!((desk.row.version, desk.row.due_at()), (1, Some(desk.now)));
    assert!(desk.receipt(1).resending && desk.receipt(1).state == SyncState::Confirmed);
    let before = desk.row.clone();
    assert_eq!(resync(&mut desk.row, desk.now), ResyncResult::AlreadyDirty);
    assert_eq!(desk.row, before);
}

#[test]
fn a_resync_keeps_a_live_change_live_and_owes_what_it_left_out() {
    let mut desk = Desk::settled();
    desk.change([(Field::FIRST_NAME, "Eva")]);
    assert_eq!(resync(&mut desk.row, desk.now), ResyncResult::MarkedDirty);
    assert_eq!(
        (desk.row.dirty_fields(), desk.row.priority),
        (FieldSet::all(), Priority::Live)
    );
}

#[test]
fn a_resync_passes_over_who_shares_a_contact() {
    let mut desk = Desk::settled();
    desk.row.link.as_mut().unwrap().shared = true;
    let before = desk.row.clone();
    assert_eq!(resync(&mut desk.row, desk.now), ResyncResult::Shared);
    assert_eq!(desk.row, before);
}

#[test]
fn a_resync_owes_no_field_that_no_caller_ever_gave() {
    let mut desk = Desk::empty();
    desk.change([(Field::EMAIL, "ada@example.com")]);
    let claim = desk.claim();
    desk.record(found(&claim, "1", LinkOrigin::PrimaryAddress));
    resync(&mut desk.row, desk.now);
    assert_eq!(desk.row.dirty_fields(), FieldSet::from_iter([Field::EMAIL]));
}

#[test]
fn a_link_by_an_operator_owes_every_field_the_address_too() {
    let mut desk = Desk::settled();
    desk.link("9");
    let link = desk.row.link.clone().unwrap();
    assert_eq!(
        (link.contact_id.as_str(), link.origin),
        ("9", LinkOrigin::ByOperator)
    );
    assert_eq!(
        (desk.row.dirty_fields(), desk.row.priority),
        (FieldSet::all(), Priority::Live)
    );
    assert_eq!(desk.row.version, 1);
    let claim = desk.claim();
    assert_eq!(claim.link.as_ref().unwrap().contact_id, "9");
    assert_eq!(desk.record(done(&claim)).next, NextAction::Clean);
}

#[test]
fn a_link_by_an_operator_is_made_once() {
    let mut desk = Desk::settled();
    assert!(desk.link("9"));
    desk.claim();
    let before = desk.row.clone();
    assert!(!desk.link("9"), "a request that is sent again owes nothing again");
    assert_eq!(desk.row, before);
    assert!(desk.link("10"));
    desk.row.link.as_mut().unwrap().shared = true;
    assert!(desk.link("10"), "it is alone with its contact again");
    assert!(!desk.row.link.unwrap().shared);
}

#[test]
fn a_link_that_a_worker_found_becomes_the_operators() {
    let mut desk = Desk::new();
    let claim = desk.claim();
    desk.record(found(&claim, "9", LinkOrigin::PrimaryAddress));
    assert!(desk.link("9"));
    assert_eq!(desk.row.link.unwrap().origin, LinkOrigin::ByOperator);
}

#[test]
fn a_link_found_by_an_attempt_that_was_out_does_not_undo_the_operators() {
    for how in [
        LinkOrigin::PrimaryAddress,
        LinkOrigin::SecondaryAddress,
        LinkOrigin::Followed,
        LinkOrigin::Merged,
        LinkOrigin::Created,
    ] {
        let mut desk = Desk::new();
        let claim = desk.claim();
        desk.link("9");
        let effects = desk.record(found(&claim, "1", how));
        assert_eq!(effects.next, NextAction::Now, "its worker goes on at once");
        assert_eq!(
            (desk.contact(), desk.row.dirty_fields()),
            (Some("9"), FieldSet::all())
        );
        let claim = desk.claim();
        assert_eq!(desk.record(done(&claim)).next, NextAction::Clean, "{how:?}");
    }
}

#[test]
fn what_an_attempt_that_was_out_wrote_to_the_former_contact_settles_nothing_of_the_new_one() {
    let mut desk = Desk::settled();
    desk.change([(Field::FIRST_NAME, "Eva")]);
    let claim = desk.claim();
    desk.link("9");
    assert_eq!(desk.record(done(&claim)).next, NextAction::Now);
    assert_eq!(
        (desk.contact(), desk.row.dirty_fields()),
        (Some("9"), FieldSet::all())
    );
    assert_eq!(
        desk.record(done(&claim)).next,
        NextAction::Now,
        "a repeat settles nothing either"
    );
    assert_eq!(desk.row.dirty_fields(), FieldSet::all());
}

#[test]
fn after_the_next_claim_the_verdict_of_the_former_attempt_is_overtaken() {
    let mut desk = Desk::settled();
    desk.change([(Field::FIRST_NAME, "Eva")]);
    let former = desk.claim();
    desk.link("9");
    let claim = desk.claim();
    assert!(claim.attempt > former.attempt);
    assert_eq!(
        desk.record(found(&former, "1", LinkOrigin::Merged)).next,
        NextAction::Superseded
    );
    assert_eq!(desk.record(done(&claim)).next, NextAction::Clean);
    assert_eq!(desk.contact(), Some("9"));
}

#[test]
fn a_contact_that_an_attempt_wrote_to_is_forgotten_all_the_same() {
    let mut desk = Desk::settled();
    desk.change([(Field::FIRST_NAME, "Eva")]);
    let claim = desk.claim();
    assert!(desk.unlink());
    let mut verdict = done(&claim);
    verdict.link = found(&claim, "2", LinkOrigin::Merged).link;
    verdict.confirmed_address = Some("eva@example.com".to_owned());
    assert_eq!(desk.record(verdict).next, NextAction::Now);
    assert_eq!((desk.contact(), desk.row.dirty_fields()), (None, FieldSet::all()));
    let claim = desk.claim();
    assert!(
        claim.link.is_none() && !claim.never_linked,
        "looked up, and not made"
    );
    desk.record(found(&claim, "2", LinkOrigin::PrimaryAddress));
    let claim = desk.claim();
    assert_eq!(desk.record(done(&claim)).next, NextAction::Clean);
}

#[test]
fn a_call_that_was_out_at_the_unlink_leaves_a_doubt() {
    let mut desk = Desk::settled();
    desk.change([(Field::FIRST_NAME, "Eva")]);
    let claim = desk.claim();
    desk.unlink();
    desk.change([(Field::FIRST_NAME, "Zoe")]);
    desk.record(may_be_late(&claim));
    for _ in 0..2 {
        let claim = desk.claim();
        let link = claim
            .link
            .is_none()
            .then(|| found(&claim, "1", LinkOrigin::PrimaryAddress));
        desk.record(link.unwrap_or_else(|| done(&claim)));
    }
    assert!(!desk.row.is_dirty());
    desk.later(desk.terms.late_write);
    assert_eq!(desk.row.dirty_fields(), FieldSet::from_iter([Field::FIRST_NAME]));
}

#[test]
fn who_has_no_contact_is_not_unlinked() {
    let mut desk = Desk::new();
    let before = desk.row.clone();
    assert!(!desk.unlink());
    assert_eq!(desk.row, before);
}

#[test]
fn a_link_ends_the_pause_after_a_failure_and_what_was_to_be_rechecked() {
    let mut desk = Desk::new();
    let claim = desk.claim();
    desk.record(failed(&claim, true));
    desk.link("9");
    assert_eq!((desk.row.failures, desk.row.due_at()), (0, Some(desk.now)));
    desk.now += SECOND;
    let claim = desk.claim();
    assert_eq!(desk.record(done(&claim)).next, NextAction::Clean);
    assert_eq!(desk.row.recheck_at, None);
}

#[test]
fn a_conflict_does_not_lead_away_from_the_contact_that_an_operator_named() {
    let mut desk = Desk::settled();
    desk.link("9");
    let claim = desk.claim();
    let effects = desk.record(found(&claim, "1", LinkOrigin::Followed));
    assert_eq!((effects.next, desk.contact()), (NextAction::Now, Some("9")));
    let claim = desk.claim();
    assert_eq!(claim.dirty, FieldSet::all().without(Field::EMAIL));
    desk.record(done(&claim));
    let email = &desk.row.fields[Field::EMAIL].result;
    let Some(FieldResult::Conflict { reason }) = email else {
        panic!("{email:?}")
    };
    assert_eq!(reason.code, "LINKED_BY_OPERATOR");
}

#[test]
fn a_merge_takes_the_operators_link_along() {
    let mut desk = Desk::settled();
    desk.link("9");
    let claim = desk.claim();
    let mut verdict = done(&claim);
    verdict.link = found(&claim, "10", LinkOrigin::Merged).link;
    desk.record(verdict);
    let link = desk.row.link.unwrap();
    assert_eq!(
        (link.contact_id.as_str(), link.origin),
        ("10", LinkOrigin::ByOperator)
    );
}
