//! Contacts that were created for a user, or may have been: what is owed to them, and where they are looked for.

use contracts::{AttemptResult, Claim, Field, FieldResult, FieldSet, LinkOrigin, NextAction};

use super::{
    desk::{Desk, SECOND},
    links::somebody,
    verdicts::{all, done, failed, found},
};

#[test]
fn a_created_contact_is_linked_and_owes_only_what_the_attempt_did_not_carry() {
    let mut desk = Desk::new();
    let claim = desk.claim();
    assert!(claim.never_linked);
    desk.record(all(&claim, &FieldResult::NotFound));
    desk.change([(Field::FIRST_NAME, "Eva")]);
    let claim = desk.claim();
    let mut verdict = done(&claim);
    verdict.link = found(&claim, "c9", LinkOrigin::Created).link;
    desk.record(verdict);
    assert_eq!(
        desk.row.dirty_fields(),
        FieldSet::all().without(Field::FIRST_NAME)
    );
    let claim = desk.claim();
    assert!(!claim.never_linked && claim.possible_creates.is_empty());
    assert_eq!(claim.link.unwrap().origin, LinkOrigin::Created);
}

/// The addresses under which a contact may have been created, and whether that may happen still.
fn creating(claim: &Claim) -> Vec<(&str, bool)> {
    let all = claim.possible_creates.iter();
    all.map(|creating| (creating.address.as_str(), creating.in_doubt))
        .collect()
}

fn may_have_created(claim: &Claim) -> AttemptResult {
    AttemptResult {
        may_have_created: true,
        ..failed(claim, false)
    }
}

#[test]
fn what_an_attempt_given_up_may_have_created_is_looked_for_even_after_its_doubt() {
    let mut desk = Desk::new();
    desk.claim();
    desk.change([(Field::EMAIL, "eva@example.com")]);
    desk.epoch += 1;
    let claim = desk.claim();
    assert_eq!(creating(&claim), [("ada@example.com", true)]);
    desk.record(failed(&claim, false));
    desk.now += desk.terms.late_write;
    let claim = desk.claim();
    assert_eq!(creating(&claim), [("ada@example.com", false)]);
    // It says nothing of what was looked for: an attempt may fail before that.
    desk.record(failed(&claim, false));
    let claim = desk.claim();
    assert_eq!(creating(&claim), [("ada@example.com", false)]);
    // To create another, it was looked for in vain.
    desk.record(may_have_created(&claim));
    assert_eq!(creating(&desk.claim()), [("eva@example.com", true)]);
}

#[test]
fn a_clock_that_stepped_back_does_not_end_the_doubt_about_a_create() {
    let mut desk = Desk::new();
    let claim = desk.claim();
    desk.record(may_have_created(&claim));
    desk.now -= desk.terms.late_write;
    assert_eq!(creating(&desk.claim()), [("ada@example.com", true)]);
}

#[test]
fn a_contact_of_another_user_was_not_created_under_a_former_address() {
    for kind in [LinkOrigin::PrimaryAddress, LinkOrigin::SecondaryAddress] {
        let mut desk = Desk::new();
        let claim = desk.claim();
        desk.record(may_have_created(&claim));
        desk.change([(Field::EMAIL, "eva@example.com")]);
        let claim = desk.claim();
        let mut verdict = found(&claim, "c9", kind);
        verdict.link.as_mut().unwrap().address = Some("ada@example.com".to_owned());
        desk.others = somebody();
        let effects = desk.record(verdict);
        assert_eq!(effects.next, NextAction::Now, "what it owes is owed still");
        assert_eq!(desk.row.link, None);
        let claim = desk.claim();
        assert_eq!((creating(&claim), claim.dirty), (vec![], FieldSet::all()));
    }
}

#[test]
fn each_create_in_doubt_is_kept_until_the_user_is_linked() {
    let mut desk = Desk::new();
    let claim = desk.claim();
    desk.record(may_have_created(&claim));
    desk.change([(Field::EMAIL, "eva@example.com")]);
    let claim = desk.claim();
    assert_eq!(creating(&claim), [("ada@example.com", true)]);
    desk.record(may_have_created(&claim));
    let claim = desk.claim();
    assert_eq!(
        creating(&claim),
        [("ada@example.com", true), ("eva@example.com", true)]
    );
    desk.record(found(&claim, "c9", LinkOrigin::PrimaryAddress));
    assert_eq!(creating(&desk.claim()), []);
}

#[test]
fn what_an_overtaken_attempt_created_is_looked_for_under_its_address() {
    let mut desk = Desk::new();
    let earlier = desk.claim();
    desk.epoch += 1;
    let claim = desk.claim();
    desk.record(failed(&claim, false));
    desk.now += desk.terms.late_write;
    let mut verdict = done(&earlier);
    verdict.link = found(&earlier, "c9", LinkOrigin::Created).link;
    assert_eq!(desk.record(verdict).next, NextAction::Superseded);
    assert_eq!(desk.row.link, None);
    assert_eq!(creating(&desk.claim()), [("ada@example.com", true)]);
}

const IN_DOUBT: [(&str, bool); 1] = [("ada@example.com", true)];
const NOT_ANY_MORE: [(&str, bool); 1] = [("ada@example.com", false)];

/// A user whose first attempt was given up, with the claim of that one; the second failed.
fn given_up() -> (Desk, Claim) {
    let mut desk = Desk::new();
    let earlier = desk.claim();
    desk.epoch += 1;
    let claim = desk.claim();
    desk.record(failed(&claim, false));
    (desk, earlier)
}

/// Whether it is in doubt until just that time from now.
fn is_in_doubt_for(desk: &Desk, time: i64) {
    let mut before = desk.clone();
    before.now += time - 1;
    assert_eq!(creating(&before.claim()), IN_DOUBT);
    let mut after = desk.clone();
    after.now += time;
    assert_eq!(creating(&after.claim()), NOT_ANY_MORE);
}

#[test]
fn a_create_is_in_doubt_for_as_long_as_any_other_call() {
    let (desk, _) = given_up();
    is_in_doubt_for(&desk, desk.terms.late_write);
    let mut desk = Desk::new();
    let claim = desk.claim();
    desk.record(may_have_created(&claim));
    is_in_doubt_for(&desk, desk.terms.late_write);
}

#[test]
fn an_overtaken_attempt_that_may_have_created_starts_the_doubt_anew() {
    let (mut desk, earlier) = given_up();
    desk.now += 100 * SECOND;
    desk.record(may_have_created(&earlier));
    is_in_doubt_for(&desk, desk.terms.late_write);
}

#[test]
fn an_overtaken_attempt_that_created_starts_the_doubt_anew() {
    let (mut desk, earlier) = given_up();
    desk.now += 100 * SECOND;
    let mut verdict = done(&earlier);
    verdict.link = found(&earlier, "c9", LinkOrigin::Created).link;
    desk.record(verdict);
    is_in_doubt_for(&desk, desk.terms.late_write);
}

#[test]
fn a_clock_that_stepped_back_does_not_stretch_the_doubt_about_a_create() {
    let mut desk = Desk::new();
    let claim = desk.claim();
    desk.record(may_have_created(&claim));
    desk.now -= 10 * desk.terms.late_write;
    let claim = desk.claim();
    assert_eq!(creating(&claim), IN_DOUBT);
    desk.record(failed(&claim, false));
    is_in_doubt_for(&desk, desk.terms.late_write);
}

#[test]
fn eight_addresses_are_remembered_and_the_oldest_makes_room() {
    let mut desk = Desk::new();
    for number in 1..=9 {
        desk.change([(Field::EMAIL, &format!("ada{number}@example.com"))]);
        let claim = desk.claim();
        desk.record(may_have_created(&claim));
    }
    let claim = desk.claim();
    let addresses: Vec<&str> = creating(&claim).into_iter().map(|(address, _)| address).collect();
    let expected: Vec<String> = (2..=9).map(|number| format!("ada{number}@example.com")).collect();
    assert_eq!(addresses, expected);
}
