//! What a receipt says of problems.

use contracts::{Field, FieldResult, FieldSet, LinkOrigin, Priority, ProblemKind};

use super::{
    desk::{Desk, SECOND},
    verdicts::{all, done, found, reason, verdict},
};
use crate::{rules, time::rfc3339};

#[test]
fn a_contact_that_is_not_found_explains_itself() {
    let mut desk = Desk::new();
    let claim = desk.claim();
    desk.record(all(&claim, &FieldResult::NotFound));
    let problems = desk.receipt(1).problems;
    let [problem] = problems.as_slice() else {
        panic!("one problem: {problems:?}")
    };
    assert_eq!(problem.problem, ProblemKind::NotFound);
    assert_eq!(problem.fields, FieldSet::all());
    assert_eq!(problem.addresses, ["ada@example.com"]);
    assert!(problem.explanation.contains("HUBSPOT_CONTACT_NOT_FOUND=create"));
    assert!(problem.remedy.contains("HUBSPOT_CONTACT_NOT_FOUND=create"));
    let next = rfc3339(desk.now + 60 * SECOND);
    assert_eq!(problem.next_attempt_at.as_ref(), Some(&next));
    // While it is tried again there is no later time to tell.
    let mut retried = desk.clone();
    assert!(rules::retry(&mut retried.row, Priority::Live, retried.now));
    desk.later(60 * SECOND);
    for desk in [retried, desk] {
        assert_eq!(desk.receipt(1).problems[0].next_attempt_at, None);
    }
}

#[test]
fn a_contact_that_is_gone_is_looked_up_by_both_addresses_and_not_created_again() {
    let mut desk = Desk::new();
    let claim = desk.claim();
    desk.record(found(&claim, "c1", LinkOrigin::PrimaryAddress));
    let claim = desk.claim();
    desk.record(done(&claim));
    desk.change([(Field::EMAIL, "eva@example.com")]);
    let claim = desk.claim();
    desk.record(all(&claim, &FieldResult::NotFound));
    let problem = desk.receipt(2).problems.remove(0);
    assert_eq!(problem.addresses, ["eva@example.com", "ada@example.com"]);
    assert!(
        !problem.remedy.contains("HUBSPOT_CONTACT_NOT_FOUND"),
        "{}",
        problem.remedy
    );
    assert!(problem.explanation.contains("had a contact before"));
}

#[test]
fn an_address_that_was_changed_since_counts_as_not_looked_up() {
    let mut desk = Desk::new();
    let claim = desk.claim();
    desk.record(all(&claim, &FieldResult::NotFound));
    desk.change([(Field::EMAIL, "eva@example.com")]);
    let problem = desk.receipt(2).problems.remove(0);
    assert!(!problem.fields.contains(Field::EMAIL));
    assert!(problem.addresses.is_empty());
}

#[test]
fn each_problem_says_whether_and_when_it_is_tried_again() {
    let parked = |may_pass| FieldResult::Failed {
        reason: reason("A"),
        is_transient: may_pass,
    };
    for (outcome, kind, again) in [
        (
            FieldResult::Rejected { reason: reason("A") },
            ProblemKind::Rejected,
            false,
        ),
        (
            FieldResult::Conflict { reason: reason("A") },
            ProblemKind::Conflict,
            true,
        ),
        (parked(true), ProblemKind::Failed, true),
        (parked(false), ProblemKind::Failed, false),
    ] {
        let mut desk = Desk::settled();
        desk.change([(Field::EMAIL, "eva@example.com"), (Field::FIRST_NAME, "Eva")]);
        let claim = desk.claim();
        let mut one_bad = verdict(&claim);
        one_bad.field_results = [
            (Field::EMAIL, outcome),
            (Field::FIRST_NAME, FieldResult::Confirmed),
        ]
        .into();
        desk.record(one_bad);
        let problems = desk.receipt(2).problems;
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(
            (problems[0].problem, problems[0].next_attempt_at.is_some()),
            (kind, again)
        );
        assert_eq!(problems[0].fields, FieldSet::from_iter([Field::EMAIL]));
        assert!(problems[0].addresses.is_empty());
        assert_eq!(
            !problems[0].explanation.contains("by itself"),
            again,
            "{problems:?}"
        );
    }
    assert!(Desk::settled().receipt(1).problems.is_empty());
}
