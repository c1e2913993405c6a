//! The attempts that a row keeps.

use contracts::{AttemptReceipt, AttemptResult, Field, FieldResult, LastResponse, LinkOrigin, Reason};

use super::{
    attempt_results::{all_confirmed, all_with, contact_found, failed},
    test_user::{SECOND, TestUser},
};

fn answered(status: u16, result: AttemptResult) -> AttemptResult {
    AttemptResult {
        last_response: Some(LastResponse {
            status,
            correlation_id: Some(format!("c-{status}")),
        }),
        ..result
    }
}

fn newest(user: &TestUser) -> AttemptReceipt {
    user.receipt(user.row.version).last_attempts.remove(0)
}

#[test]
fn a_confirmed_attempt_shows_its_time_duration_and_response() {
    let mut user = TestUser::created();
    let given_at = user.now;
    let claim = user.claim();
    user.now += 250;
    user.report(answered(200, all_confirmed(&claim)));
    let expected = AttemptReceipt {
        attempt: 1,
        version: 1,
        at: crate::time::rfc3339(given_at),
        duration_ms: 250,
        status: Some(200),
        code: None,
        category: None,
        correlation_id: Some("c-200".to_owned()),
    };
    assert_eq!(user.receipt(1).last_attempts, [expected]);
}

#[test]
fn a_rejection_is_kept_in_hubspots_words() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva"), (Field::LAST_NAME, "bad")]);
    let claim = user.claim();
    let reason = Reason {
        code: "INVALID".to_owned(),
        category: Some("VALIDATION_ERROR".to_owned()),
        message: "no".to_owned(),
        status: Some(400),
        correlation_id: Some("c-400".to_owned()),
    };
    let mut result = answered(200, all_confirmed(&claim));
    let rejection = FieldResult::Rejected { reason };
    result.field_results.insert(Field::LAST_NAME, rejection);
    user.report(result);
    let attempt = newest(&user);
    assert_eq!(
        attempt.status,
        Some(400),
        "the status of the rejection, and not of the call after it"
    );
    assert_eq!(attempt.code.as_deref(), Some("INVALID"));
    assert_eq!(attempt.category.as_deref(), Some("VALIDATION_ERROR"));
    assert_eq!(attempt.correlation_id.as_deref(), Some("c-400"));
}

#[test]
fn an_attempt_that_found_a_contact_or_none_says_so() {
    let mut user = TestUser::created();
    let claim = user.claim();
    user.report(answered(
        200,
        contact_found(&claim, "c1", LinkOrigin::PrimaryAddress),
    ));
    assert_eq!(newest(&user).code.as_deref(), Some("CONTACT_FOUND"));
    let claim = user.claim();
    user.report(answered(207, all_with(&claim, &FieldResult::NotFound)));
    assert_eq!(newest(&user).code.as_deref(), Some("CONTACT_NOT_FOUND"));
    assert_eq!(newest(&user).status, Some(207));
}

#[test]
fn an_attempt_that_is_given_up_shows_no_response() {
    let mut user = TestUser::created();
    user.claim();
    user.now += user.timing.attempt;
    user.claim();
    let attempt = newest(&user);
    assert_eq!((attempt.attempt, attempt.status), (1, None));
    assert_eq!(attempt.code.as_deref(), Some("GIVEN_UP"));
}

#[test]
fn an_attempt_whose_link_is_rejected_says_why() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    user.link("9");
    let claim = user.claim();
    user.report(answered(200, contact_found(&claim, "1", LinkOrigin::Followed)));
    let attempt = newest(&user);
    assert_eq!(attempt.code.as_deref(), Some("LINKED_BY_OPERATOR"));
    assert_eq!(attempt.status, Some(200));
}

#[test]
fn an_attempt_that_an_operator_supersedes_counts_once() {
    let mut user = TestUser::created();
    let claim = user.claim();
    user.link("9");
    user.report(all_confirmed(&claim));
    assert_eq!(newest(&user).code.as_deref(), Some("SUPERSEDED"));
    let claim = user.claim();
    user.report(all_confirmed(&claim));
    let receipt = user.receipt(1);
    let numbers: Vec<u64> = receipt.last_attempts.iter().map(|past| past.attempt).collect();
    assert_eq!((receipt.attempts, numbers), (2, vec![2, 1]));
}

#[test]
fn the_last_ten_attempts_are_kept_latest_first() {
    let mut user = TestUser::created();
    for _ in 0..12 {
        let claim = user.claim();
        user.report(failed(&claim, false));
        user.now += 100 * SECOND;
    }
    let numbers: Vec<u64> = user
        .receipt(1)
        .last_attempts
        .iter()
        .map(|attempt| attempt.attempt)
        .collect();
    assert_eq!(numbers, [12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
}

#[test]
fn a_receipt_lists_the_attempts_that_could_carry_its_version() {
    let mut user = TestUser::created();
    let claim = user.claim();
    user.report(all_confirmed(&claim));
    user.change([(Field::FIRST_NAME, "Eva")]);
    let claim = user.claim();
    user.report(all_confirmed(&claim));
    let attempts = |version| user.receipt(version).last_attempts.len();
    assert_eq!((attempts(1), attempts(2)), (2, 1));
}

#[test]
fn correlation_ids_of_problems_outlive_later_attempts() {
    let mut user = TestUser::created();
    let claim = user.claim();
    user.report(answered(200, all_confirmed(&claim)));
    for (status, name) in [(400, "Eva"), (200, "Ida")] {
        user.change([(Field::FIRST_NAME, name)]);
        let claim = user.claim();
        let result = if status == 200 {
            all_confirmed(&claim)
        } else {
            all_with(&claim, &FieldResult::NotFound)
        };
        user.report(answered(status, result));
    }
    let ids: Vec<_> = user
        .receipt(1)
        .last_attempts
        .into_iter()
        .map(|attempt| attempt.correlation_id)
        .collect();
    assert_eq!(ids, [Some("c-200".to_owned()), Some("c-400".to_owned()), None]);
}

#[test]
fn a_success_is_stored_in_few_characters() {
    let mut user = TestUser::created();
    let claim = user.claim();
    user.now += 12;
    user.report(all_confirmed(&claim));
    let written = serde_json::to_string(&user.row.history).unwrap();
    assert_eq!(written, "[[1,1,1000000,12,0]]");
    let read: Vec<crate::rules::PastAttempt> = serde_json::from_str(&written).unwrap();
    assert_eq!(read, user.row.history);
}
