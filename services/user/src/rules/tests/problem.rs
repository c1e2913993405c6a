//! What a receipt says about problems.

use contracts::{
    Field, FieldDefinitions, FieldResult, FieldSet, LinkOrigin, Priority, ProblemKind, VALUE_NOT_KEPT,
};

use super::{
    attempt_results::{all_confirmed, all_with, contact_found, no_result, reason},
    links::another_user,
    test_user::{SECOND, TestUser},
};
use crate::{rules, time::rfc3339};

#[test]
fn a_problem_without_a_contact_explains_itself() {
    let mut user = TestUser::created();
    let claim = user.claim();
    user.report(all_with(&claim, &FieldResult::NotFound));
    let problems = user.receipt(1).problems;
    let [problem] = problems.as_slice() else {
        panic!("one problem: {problems:?}")
    };
    assert_eq!(problem.problem, ProblemKind::NotFound);
    assert_eq!(problem.fields, FieldDefinitions::built_in().all());
    assert_eq!(problem.addresses, ["ada@example.com"]);
    assert!(problem.explanation.contains("HUBSPOT_CONTACT_NOT_FOUND=create"));
    assert!(problem.remedy.contains("HUBSPOT_CONTACT_NOT_FOUND=create"));
    let next = rfc3339(user.now + 60 * SECOND);
    assert_eq!(problem.next_attempt_at.as_ref(), Some(&next));
    // While it is tried again, there is no later time to show.
    let mut retried = user.clone();
    assert!(rules::retry(&mut retried.row, Priority::Live, retried.now));
    user.advance(60 * SECOND);
    for user in [retried, user] {
        assert_eq!(user.receipt(1).problems[0].next_attempt_at, None);
    }
}

#[test]
fn a_lost_contact_was_looked_up_by_both_addresses() {
    let mut user = TestUser::created();
    let claim = user.claim();
    user.report(contact_found(&claim, "c1", LinkOrigin::PrimaryAddress));
    let claim = user.claim();
    user.report(all_confirmed(&claim));
    user.change([(Field::EMAIL, "eva@example.com")]);
    let claim = user.claim();
    user.report(all_with(&claim, &FieldResult::NotFound));
    let problem = user.receipt(2).problems.remove(0);
    assert_eq!(problem.addresses, ["eva@example.com", "ada@example.com"]);
    assert!(
        !problem.remedy.contains("HUBSPOT_CONTACT_NOT_FOUND"),
        "{}",
        problem.remedy
    );
    assert!(problem.explanation.contains("had a contact before"));
}

#[test]
fn a_changed_address_does_not_count_as_looked_up() {
    let mut user = TestUser::created();
    let claim = user.claim();
    user.report(all_with(&claim, &FieldResult::NotFound));
    user.change([(Field::EMAIL, "eva@example.com")]);
    let problem = user.receipt(2).problems.remove(0);
    assert!(!problem.fields.contains(Field::EMAIL));
    assert!(problem.addresses.is_empty());
}

#[test]
fn each_problem_says_when_it_is_tried_again() {
    let failed = |is_transient| FieldResult::Failed {
        reason: reason("A"),
        is_transient,
    };
    for (result, kind, again) in [
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
        (failed(true), ProblemKind::Failed, true),
        (failed(false), ProblemKind::Failed, false),
    ] {
        let mut user = TestUser::confirmed();
        user.change([(Field::EMAIL, "eva@example.com"), (Field::FIRST_NAME, "Eva")]);
        let claim = user.claim();
        let mut one_problem = no_result(&claim);
        one_problem.field_results = [
            (Field::EMAIL, result),
            (Field::FIRST_NAME, FieldResult::CONFIRMED),
        ]
        .into();
        user.report(one_problem);
        let problems = user.receipt(2).problems;
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
    assert!(TestUser::confirmed().receipt(1).problems.is_empty());
}

#[test]
fn a_value_that_hubspot_did_not_keep_has_its_own_words() {
    let problem_of = |second: &str| {
        let mut user = TestUser::created();
        let claim = user.claim();
        let rejected = |code| FieldResult::Rejected { reason: reason(code) };
        let mut result = no_result(&claim);
        result.field_results = [
            (Field::FIRST_NAME, rejected(VALUE_NOT_KEPT)),
            (Field::LAST_NAME, rejected(second)),
        ]
        .into();
        user.report(result);
        user.receipt(1).problems.remove(0)
    };
    let not_kept = problem_of(VALUE_NOT_KEPT);
    assert_eq!(not_kept.problem, ProblemKind::Rejected);
    assert!(not_kept.explanation.contains("had another one"), "{not_kept:?}");
    let mixed = problem_of("INVALID_VALUE");
    assert!(
        mixed.explanation.contains("for the reason given with the field"),
        "{mixed:?}"
    );
}

#[test]
fn a_conflict_with_the_contact_of_another_user_says_how_to_end_it() {
    let mut user = TestUser::created();
    user.others = vec![another_user().row];
    let claim = user.claim();
    user.report(contact_found(&claim, "c1", LinkOrigin::SecondaryAddress));
    let problem = &user.receipt(1).problems[0];
    assert!(
        problem.explanation.contains("belongs to another user"),
        "{problem:?}"
    );
    assert!(problem.remedy.contains("hubsync unlink"), "{problem:?}");
}
