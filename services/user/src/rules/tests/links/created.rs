//! Contacts that were made for a user, or may have been.

use contracts::{Claim, Field, FieldSet, Found, Next, Outcome, Verdict};

use super::{Desk, all, done, found, somebody};

#[test]
fn a_created_contact_is_linked_and_owes_only_what_the_attempt_did_not_carry() {
    let mut desk = Desk::new();
    let claim = desk.claim();
    assert!(claim.never_linked);
    desk.record(all(&claim, &Outcome::Missing));
    desk.change([(Field::FirstName, "Eva")]);
    let claim = desk.claim();
    let mut verdict = done(&claim);
    verdict.link = found(&claim, "c9", Found::Created).link;
    desk.record(verdict);
    assert_eq!(desk.row.owed(), FieldSet::all().without(Field::FirstName));
    let claim = desk.claim();
    assert!(!claim.never_linked && claim.creating.is_empty());
    assert_eq!(claim.link.unwrap().found, Found::Created);
}

/// The addresses under which a contact may have been created, and whether that may happen still.
fn creating(claim: &Claim) -> Vec<(&str, bool)> {
    let all = claim.creating.iter();
    all.map(|creating| (creating.address.as_str(), creating.in_doubt))
        .collect()
}

fn may_have_created(claim: &Claim) -> Verdict {
    Verdict {
        may_have_created: true,
        ..super::super::verdicts::failed(claim, false)
    }
}

#[test]
fn what_an_attempt_given_up_may_have_created_is_looked_for_even_after_its_doubt() {
    let mut desk = Desk::new();
    desk.claim();
    desk.change([(Field::Email, "eva@example.com")]);
    desk.epoch += 1;
    let claim = desk.claim();
    assert_eq!(creating(&claim), [("ada@example.com", true)]);
    desk.record(super::super::verdicts::failed(&claim, false));
    desk.now += desk.terms.doubt;
    let claim = desk.claim();
    assert_eq!(creating(&claim), [("ada@example.com", false)]);
    // It says nothing of what was looked for: an attempt may fail before that.
    desk.record(super::super::verdicts::failed(&claim, false));
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
    desk.now -= desk.terms.doubt;
    assert_eq!(creating(&desk.claim()), [("ada@example.com", true)]);
}

#[test]
fn a_contact_of_another_user_was_not_created_under_a_former_address() {
    for kind in [Found::PrimaryAddress, Found::SecondaryAddress] {
        let mut desk = Desk::new();
        let claim = desk.claim();
        desk.record(may_have_created(&claim));
        desk.change([(Field::Email, "eva@example.com")]);
        let claim = desk.claim();
        let mut verdict = found(&claim, "c9", kind);
        verdict.link.as_mut().unwrap().address = Some("ada@example.com".to_owned());
        desk.others = somebody();
        let effects = desk.record(verdict);
        assert_eq!(effects.next, Next::Now, "what it owes is owed still");
        assert_eq!(desk.row.link, None);
        let claim = desk.claim();
        assert_eq!((creating(&claim), claim.owed), (vec![], FieldSet::all()));
    }
}

#[test]
fn each_create_in_doubt_is_kept_until_the_user_is_linked() {
    let mut desk = Desk::new();
    let claim = desk.claim();
    desk.record(may_have_created(&claim));
    desk.change([(Field::Email, "eva@example.com")]);
    let claim = desk.claim();
    assert_eq!(creating(&claim), [("ada@example.com", true)]);
    desk.record(may_have_created(&claim));
    let claim = desk.claim();
    assert_eq!(
        creating(&claim),
        [("ada@example.com", true), ("eva@example.com", true)]
    );
    desk.record(found(&claim, "c9", Found::PrimaryAddress));
    assert_eq!(creating(&desk.claim()), []);
}

#[test]
fn what_an_overtaken_attempt_created_is_looked_for_under_its_address() {
    let mut desk = Desk::new();
    let earlier = desk.claim();
    desk.epoch += 1;
    let claim = desk.claim();
    desk.record(super::super::verdicts::failed(&claim, false));
    desk.now += desk.terms.doubt;
    let mut verdict = done(&earlier);
    verdict.link = found(&earlier, "c9", Found::Created).link;
    assert_eq!(desk.record(verdict).next, Next::Overtaken);
    assert_eq!(desk.row.link, None);
    assert_eq!(creating(&desk.claim()), [("ada@example.com", true)]);
}
