//! Comparing users with their contacts, over NATS and HTTP.

mod poison;

use contracts::{Comparison, ComparisonPurpose, ErrorCode, Field, FieldSet, FindingKind};
use sandbox::{Fault, KnownError};
use testing::wait::until;

use crate::{
    harness::{CEILING, Stack, Worker},
    users::Manner,
};

pub(crate) const DRIFT: ComparisonPurpose = ComparisonPurpose::Drift { repair: false };
const REPAIR: ComparisonPurpose = ComparisonPurpose::Drift { repair: true };

/// A stack in which these users are confirmed at contacts of their own, named like them, and a worker answers.
async fn confirmed(users: &[&str]) -> (Stack, Worker) {
    let stack = Stack::start().await;
    let worker = stack.worker().await;
    for user in users {
        let email = format!("{user}@example.com");
        stack.contact(&email);
        let fields = [(Field::EMAIL, email.as_str()), (Field::FIRST_NAME, *user)];
        stack.users.change(user, &fields).await;
        stack.users.wait_until_settled(user).await;
    }
    // It has to have the lease, and to listen.
    until("the worker to answer", CEILING, async || {
        stack.users.compare(DRIFT).await
    })
    .await;
    (stack, worker)
}

fn contact_of(stack: &Stack, user: &str) -> String {
    let contact = stack.sandbox.contact_by_email(&format!("{user}@example.com"));
    contact.unwrap().id.to_string()
}

fn findings(comparison: &Comparison) -> Vec<(&str, FindingKind)> {
    let findings = comparison.findings.iter();
    findings
        .map(|finding| (finding.user_id.as_str(), finding.kind))
        .collect()
}

#[tokio::test]
async fn what_people_did_to_contacts_is_found_and_nothing_is_written_by_that() {
    let users = ["archived", "edited", "former", "kept"];
    let (stack, worker) = confirmed(&users).await;
    let other = stack.contact("other@example.com");
    let edited = contact_of(&stack, "edited");
    stack
        .sandbox
        .edit_contact(&edited, [("firstname", "Eva")])
        .unwrap();
    stack.sandbox.archive(contact_of(&stack, "archived")).unwrap();
    let merged = stack.sandbox.merge(&other, contact_of(&stack, "former")).unwrap();
    stack.sandbox.forget_calls();
    let found = stack.users.compare(DRIFT).await.unwrap();
    let expected = [
        ("archived", FindingKind::Gone),
        ("edited", FindingKind::Changed),
        ("former", FindingKind::Merged),
    ];
    assert_eq!((findings(&found), found.checked), (expected.to_vec(), 4));
    let difference = &found.findings[1].fields[0];
    assert_eq!(
        (
            difference.user_value.as_deref(),
            difference.contact_value.as_deref()
        ),
        (Some("edited"), Some("Eva"))
    );
    assert_eq!(found.findings[2].contact_id, Some(merged.id.to_string()));
    let calls = stack.sandbox.calls();
    assert!(
        calls.iter().all(|call| call.path.ends_with("batch/read")),
        "{calls:?}"
    );
    assert_eq!(calls.len(), 1, "a call for all of them");
    let repaired = stack.users.compare(REPAIR).await.unwrap();
    assert_eq!(repaired.repaired, 2, "the merged one is left to people");
    let repairs = stack.users.repairs();
    assert_eq!(repairs[1].fields, FieldSet::from_iter([Field::FIRST_NAME]));
    worker.stop().await;
}

#[tokio::test]
async fn a_question_that_makes_no_sense_or_comes_too_late_is_refused() {
    let (stack, worker) = confirmed(&[]).await;
    for (body, time_left_ms, code) in [
        (r#"{"aim":"resync"}"#, 1_000, ErrorCode::InvalidRequest),
        ("", 0, ErrorCode::Expired),
    ] {
        let refused = stack.users.ask_to_compare(body.as_bytes(), time_left_ms).await;
        assert_eq!(refused.unwrap_err().code, code);
    }
    worker.stop().await;
}

#[tokio::test]
async fn only_the_worker_that_delivers_answers() {
    let (stack, worker) = confirmed(&["1"]).await;
    let second = stack.start_worker(&[]).await;
    second.wait_for_status("standing by").await;
    assert_eq!(stack.users.compare(DRIFT).await.unwrap().checked, 1);
    worker.stop().await;
    second.wait_for_status("delivering").await;
    until("the second worker to answer", CEILING, async || {
        stack.users.compare(DRIFT).await
    })
    .await;
    second.stop().await;
    let nobody = stack.users.compare(DRIFT).await.unwrap_err();
    assert_eq!(nobody.message, "nobody answers");
}

#[tokio::test]
async fn what_hubspot_does_not_answer_is_told_in_words() {
    let (stack, worker) = confirmed(&["1"]).await;
    stack
        .sandbox
        .add_fault(Fault::answer(KnownError::Server(500)).on_path("batch/read"));
    let refused = stack.users.compare(DRIFT).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Unavailable);
    assert!(refused.message.contains("500"), "{}", refused.message);
    stack.sandbox.clear_faults();
    stack.users.compare(DRIFT).await.unwrap();
    worker.stop().await;
}

#[tokio::test]
async fn a_comparison_that_the_user_service_fails_says_nothing_of_deliveries() {
    let (stack, worker) = confirmed(&["1"]).await;
    stack.users.answer_comparisons(Manner::Babbling);
    let refused = stack.users.compare(DRIFT).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Unavailable);
    let report = worker.registry.report();
    let checks = report.checks.iter();
    let unwell: Vec<_> = checks.filter(|check| !check.ok).collect();
    assert!(unwell.is_empty(), "{unwell:?}");
    worker.stop().await;
}

#[tokio::test]
async fn a_shutdown_answers_a_question_that_is_out() {
    let (stack, worker) = confirmed(&["1"]).await;
    let slow = Fault::delay(60_000).on_path("batch/read");
    let slow = stack.sandbox.add_fault(slow);
    let users = stack.users.clone();
    let asking = tokio::spawn(async move { users.compare(DRIFT).await });
    until("the question to be out", CEILING, async || {
        stack.sandbox.hits_of(slow).is_some_and(|hits| hits > 0)
    })
    .await;
    worker.begin_to_stop();
    let refused = asking.await.unwrap().unwrap_err();
    assert!(refused.message.contains("is stopping"), "{}", refused.message);
    worker.stop().await;
}

#[tokio::test]
async fn a_worker_that_ends_answers_whoever_waits_for_a_comparison() {
    let (stack, worker) = confirmed(&["1"]).await;
    stack.users.answer_comparisons(Manner::Silent);
    let (users, before) = (stack.users.clone(), stack.users.asked_to_compare());
    let asking = tokio::spawn(async move { users.compare(DRIFT).await });
    until("the user service to be asked", CEILING, async || {
        stack.users.asked_to_compare() > before
    })
    .await;
    worker.stop().await;
    let refused = asking.await.unwrap().unwrap_err();
    assert!(refused.message.contains("taken over"), "{}", refused.message);
}

#[tokio::test]
async fn one_of_two_workers_answers_while_each_takes_the_lease_for_its_own() {
    let (stack, worker) = confirmed(&["1"]).await;
    stack.users.trust_everybody();
    let second = stack.worker().await;
    let end = async {
        worker.stop().await;
        second.stop().await;
    };
    assert_eq!(stack.users.count_answers(20, end).await, 20);
}

#[tokio::test]
async fn the_sweep_counts_what_it_finds_and_repairs_if_it_is_told_to() {
    let (stack, worker) = confirmed(&["1"]).await;
    worker.stop().await;
    let contact = contact_of(&stack, "1");
    stack
        .sandbox
        .edit_contact(contact, [("firstname", "Eva")])
        .unwrap();
    for repair in [false, true] {
        let settings = [
            ("HUBSPOT_DRIFT_EVERY_HOURS", "24"),
            ("HUBSPOT_DRIFT_REPAIR", if repair { "true" } else { "false" }),
        ];
        let worker = stack.start_worker(&settings).await;
        let counted = format!("hubsync_drift_repaired_total {}\n", u64::from(repair));
        let counted = [
            "hubsync_drift_checked_total 1\n",
            "hubsync_drift_findings_total{finding=\"changed\"} 1\n",
            counted.as_str(),
        ];
        until("a pass of the sweep", CEILING, async || {
            let text = worker.metrics.text();
            let passed = !text.contains("hubsync_drift_last_pass_timestamp_seconds 0\n");
            if passed && counted.iter().all(|line| text.contains(line)) {
                Ok(())
            } else {
                Err(text)
            }
        })
        .await;
        worker.stop().await;
    }
    assert_eq!(stack.users.repairs().len(), 1);
}

#[tokio::test]
async fn without_the_setting_nobody_is_compared() {
    let (stack, worker) = confirmed(&["1"]).await;
    stack.sandbox.forget_calls();
    // Far more than a pass takes that begins at once.
    stack.users.change("1", &[(Field::FIRST_NAME, "Ada")]).await;
    stack.users.wait_until_settled("1").await;
    let read = stack.sandbox.calls();
    assert!(
        !read.iter().any(|call| call.path.ends_with("batch/read")),
        "{read:?}"
    );
    worker.stop().await;
}
