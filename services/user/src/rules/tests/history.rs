//! What is remembered of attempts.

use contracts::{AttemptReceipt, AttemptResult, Field, FieldResult, LastResponse, LinkOrigin, Reason};

use super::{
    desk::{Desk, SECOND},
    verdicts::{all, done, failed, found},
};

fn answered(status: u16, verdict: AttemptResult) -> AttemptResult {
    AttemptResult {
        last_response: Some(LastResponse {
            status,
            correlation_id: Some(format!("c-{status}")),
        }),
        ..verdict
    }
}

fn newest(desk: &Desk) -> AttemptReceipt {
    desk.receipt(desk.row.version).last_attempts.remove(0)
}

#[test]
fn a_confirmed_attempt_tells_when_it_was_how_long_it_took_and_what_hubspot_answered() {
    let mut desk = Desk::new();
    let given_at = desk.now;
    let claim = desk.claim();
    desk.now += 250;
    desk.record(answered(200, done(&claim)));
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
    assert_eq!(desk.receipt(1).last_attempts, [expected]);
}

#[test]
fn a_refusal_is_remembered_in_hubspots_words() {
    let mut desk = Desk::settled();
    desk.change([(Field::FIRST_NAME, "Eva"), (Field::LAST_NAME, "bad")]);
    let claim = desk.claim();
    let reason = Reason {
        code: "INVALID".to_owned(),
        category: Some("VALIDATION_ERROR".to_owned()),
        message: "no".to_owned(),
        status: Some(400),
        correlation_id: Some("c-400".to_owned()),
    };
    let mut verdict = answered(200, done(&claim));
    let refused = FieldResult::Rejected { reason };
    verdict.field_results.insert(Field::LAST_NAME, refused);
    desk.record(verdict);
    let attempt = newest(&desk);
    assert_eq!(
        attempt.status,
        Some(400),
        "the refusal's, not that of the call after it"
    );
    assert_eq!(attempt.code.as_deref(), Some("INVALID"));
    assert_eq!(attempt.category.as_deref(), Some("VALIDATION_ERROR"));
    assert_eq!(attempt.correlation_id.as_deref(), Some("c-400"));
}

#[test]
fn an_attempt_that_only_finds_the_contact_or_none_says_so() {
    let mut desk = Desk::new();
    let claim = desk.claim();
    desk.record(answered(200, found(&claim, "c1", LinkOrigin::PrimaryAddress)));
    assert_eq!(newest(&desk).code.as_deref(), Some("CONTACT_FOUND"));
    let claim = desk.claim();
    desk.record(answered(207, all(&claim, &FieldResult::NotFound)));
    assert_eq!(newest(&desk).code.as_deref(), Some("CONTACT_NOT_FOUND"));
    assert_eq!(newest(&desk).status, Some(207));
}

#[test]
fn an_attempt_that_is_given_up_says_so_and_that_nobody_knows_what_hubspot_answered() {
    let mut desk = Desk::new();
    desk.claim();
    desk.now += desk.terms.attempt;
    desk.claim();
    let attempt = newest(&desk);
    assert_eq!((attempt.attempt, attempt.status), (1, None));
    assert_eq!(attempt.code.as_deref(), Some("GIVEN_UP"));
}

#[test]
fn an_attempt_whose_link_is_refused_says_why_and_not_that_it_found_the_contact() {
    let mut desk = Desk::settled();
    desk.change([(Field::FIRST_NAME, "Eva")]);
    desk.link("9");
    let claim = desk.claim();
    desk.record(answered(200, found(&claim, "1", LinkOrigin::Followed)));
    let attempt = newest(&desk);
    assert_eq!(attempt.code.as_deref(), Some("LINKED_BY_OPERATOR"));
    assert_eq!(attempt.status, Some(200));
}

#[test]
fn an_attempt_that_an_operator_overtakes_says_so_and_counts_once() {
    let mut desk = Desk::new();
    let claim = desk.claim();
    desk.link("9");
    desk.record(done(&claim));
    assert_eq!(newest(&desk).code.as_deref(), Some("SUPERSEDED"));
    let claim = desk.claim();
    desk.record(done(&claim));
    let receipt = desk.receipt(1);
    let numbers: Vec<u64> = receipt.last_attempts.iter().map(|past| past.attempt).collect();
    assert_eq!((receipt.attempts, numbers), (2, vec![2, 1]));
}

#[test]
fn ten_attempts_are_remembered_and_the_latest_comes_first() {
    let mut desk = Desk::new();
    for _ in 0..12 {
        let claim = desk.claim();
        desk.record(failed(&claim, false));
        desk.now += 100 * SECOND;
    }
    let numbers: Vec<u64> = desk
        .receipt(1)
        .last_attempts
        .iter()
        .map(|attempt| attempt.attempt)
        .collect();
    assert_eq!(numbers, [12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
}

#[test]
fn a_version_is_told_of_attempts_that_could_have_carried_it() {
    let mut desk = Desk::new();
    let claim = desk.claim();
    desk.record(done(&claim));
    desk.change([(Field::FIRST_NAME, "Eva")]);
    let claim = desk.claim();
    desk.record(done(&claim));
    let attempts = |version| desk.receipt(version).last_attempts.len();
    assert_eq!((attempts(1), attempts(2)), (2, 1));
}

#[test]
fn a_correlation_id_outlives_a_later_attempt_only_where_something_was_wrong() {
    let mut desk = Desk::new();
    let claim = desk.claim();
    desk.record(answered(200, done(&claim)));
    for status in [400, 200] {
        desk.change([(Field::FIRST_NAME, "Eva")]);
        let claim = desk.claim();
        let verdict = if status == 200 {
            done(&claim)
        } else {
            all(&claim, &FieldResult::NotFound)
        };
        desk.record(answered(status, verdict));
    }
    let ids: Vec<_> = desk
        .receipt(1)
        .last_attempts
        .into_iter()
        .map(|attempt| attempt.correlation_id)
        .collect();
    assert_eq!(ids, [Some("c-200".to_owned()), Some("c-400".to_owned()), None]);
}

#[test]
fn what_went_well_is_written_in_few_letters() {
    let mut desk = Desk::new();
    let claim = desk.claim();
    desk.now += 12;
    desk.record(done(&claim));
    let written = serde_json::to_string(&desk.row.history).unwrap();
    assert_eq!(written, "[[1,1,1000000,12,0]]");
    let read: Vec<crate::rules::PastAttempt> = serde_json::from_str(&written).unwrap();
    assert_eq!(read, desk.row.history);
}
