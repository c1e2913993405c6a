//! Comparing users with their contacts, over NATS and HTTP.

mod requests;
mod unreadable_contacts;

use std::sync::atomic::{AtomicI64, Ordering};

use contracts::{
    Comparison, ComparisonPurpose, ErrorCode, Field, FieldResult, FieldSet, FindingKind, RepairUsers,
    Request, ServiceError,
};
use futures_util::StreamExt;
use sandbox::{Fault, KnownError};
use testing::{nats::Options, wait::until};
use user::time::Clock;

use crate::{
    harness::{CEILING, Stack, Worker},
    user_service::UserSettings,
};

pub(crate) const DRIFT: ComparisonPurpose = ComparisonPurpose::Drift { repair: false };
const REPAIR: ComparisonPurpose = ComparisonPurpose::Drift { repair: true };

/// A stack with these users, each with a contact that has its name, and a worker that compares.
async fn confirmed(users: &[&str]) -> (Stack, Worker) {
    let stack = Stack::start().await;
    let worker = create_confirmed(&stack, users).await;
    until("the worker to answer", CEILING, async || {
        stack.compare(DRIFT).await
    })
    .await;
    (stack, worker)
}

async fn create_confirmed(stack: &Stack, users: &[&str]) -> Worker {
    let worker = stack.worker().await;
    for user in users {
        let email = format!("{user}@example.com");
        stack.contact(&email);
        let fields = [(Field::EMAIL, email.as_str()), (Field::FIRST_NAME, *user)];
        stack.users.change(user, &fields).await;
        stack.users.wait_until_clean(user).await;
    }
    worker
}

/// A stack whose nats-server sends the requests for users to compare to another subject, where nobody answers them as expected.
async fn stack_that_redirects(subject: &str) -> Stack {
    Stack::start_with(Options {
        config: format!(r#"mappings = {{ "users.compare": "{subject}" }}"#),
        ..Options::default()
    })
    .await
}

/// The error of a comparison, once a worker answers.
async fn error_of_worker(stack: &Stack) -> ServiceError {
    until("the worker to answer", CEILING, async || {
        let error = stack.compare(DRIFT).await.unwrap_err();
        if error.message == "nobody answers" {
            Err(error)
        } else {
            Ok(error)
        }
    })
    .await
}

fn contact_of(stack: &Stack, user: &str) -> String {
    let contact = stack.sandbox.contact_by_email(&format!("{user}@example.com"));
    contact.unwrap().id.to_string()
}

fn name_of(stack: &Stack, user: &str) -> Option<String> {
    stack.property(&format!("{user}@example.com"), "firstname")
}

fn findings(comparison: &Comparison) -> Vec<(&str, FindingKind)> {
    let findings = comparison.findings.iter();
    findings
        .map(|finding| (finding.user_id.as_str(), finding.kind))
        .collect()
}

#[tokio::test]
async fn differences_are_found_and_repaired_only_on_request() {
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
    let found = stack.compare(DRIFT).await.unwrap();
    let expected = [
        ("archived", FindingKind::Gone),
        ("edited", FindingKind::Changed),
        ("former", FindingKind::Merged),
    ];
    assert_eq!((findings(&found), found.checked), (expected.to_vec(), 4));
    let difference = &found.findings[1].fields[0];
    assert_eq!(
        (difference.user_value.clone(), difference.contact_value.clone()),
        (Some("edited".into()), Some("Eva".into()))
    );
    assert_eq!(found.findings[2].contact_id, Some(merged.id.to_string()));
    let calls = stack.sandbox.calls();
    assert!(
        calls.iter().all(|call| call.path.ends_with("batch/read")),
        "{calls:?}"
    );
    assert_eq!(calls.len(), 1, "one call reads all contacts");
    let client = stack.users.client.client();
    let mut repairs = client.subscribe(RepairUsers::SUBJECT).await.unwrap();
    let repaired = stack.compare(REPAIR).await.unwrap();
    assert_eq!(repaired.repaired, 2, "a merged contact needs no repair");
    let request = repairs.next().await.unwrap();
    let request: RepairUsers = serde_json::from_slice(&request.payload).unwrap();
    let fields: Vec<_> = request.users.iter().map(|user| user.fields).collect();
    assert_eq!(fields[1], FieldSet::from_iter([Field::FIRST_NAME]));
    for user in users {
        stack.users.wait_until_clean(user).await;
    }
    assert_eq!(name_of(&stack, "edited").as_deref(), Some("edited"));
    let archived = stack.users.result("archived", Field::FIRST_NAME);
    assert_eq!(archived, Some(FieldResult::NotFound));
    worker.stop().await;
}

#[tokio::test]
async fn an_invalid_or_expired_request_is_rejected() {
    let (stack, worker) = confirmed(&[]).await;
    for (body, time_left_ms, code) in [
        (r#"{"purpose":"resync"}"#, 1_000, ErrorCode::InvalidRequest),
        ("", 0, ErrorCode::Expired),
    ] {
        let answer = stack.request_comparison(body.as_bytes(), time_left_ms).await;
        assert_eq!(answer.unwrap_err().code, code);
    }
    worker.stop().await;
}

#[tokio::test]
async fn only_the_worker_that_delivers_answers() {
    let (stack, worker) = confirmed(&["1"]).await;
    let second = stack.start_worker(&[]).await;
    second.wait_for_status("standing by").await;
    assert_eq!(stack.compare(DRIFT).await.unwrap().checked, 1);
    worker.stop().await;
    second.wait_for_status("delivering").await;
    until("the second worker to answer", CEILING, async || {
        stack.compare(DRIFT).await
    })
    .await;
    second.stop().await;
    let error = stack.compare(DRIFT).await.unwrap_err();
    assert_eq!(error.message, "nobody answers");
}

#[tokio::test]
async fn an_error_of_hubspot_is_reported_in_words() {
    let (stack, worker) = confirmed(&["1"]).await;
    stack
        .sandbox
        .add_fault(Fault::answer(KnownError::Server(500)).on_path("batch/read"));
    let error = stack.compare(DRIFT).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Unavailable);
    assert!(error.message.contains("500"), "{}", error.message);
    stack.sandbox.clear_faults();
    stack.compare(DRIFT).await.unwrap();
    worker.stop().await;
}

#[tokio::test]
async fn a_failing_user_service_fails_the_comparison_alone() {
    // The first subject has no responder, and the second one answers with a summary.
    for subject in ["nobody", "users.sync.summary"] {
        let stack = stack_that_redirects(subject).await;
        let worker = create_confirmed(&stack, &["1"]).await;
        let error = error_of_worker(&stack).await;
        assert_eq!(error.code, ErrorCode::Unavailable);
        assert!(error.message.contains("did not answer the worker"), "{error:?}");
        let report = worker.registry.report();
        let checks = report.checks.iter();
        let failing: Vec<_> = checks.filter(|check| !check.ok).collect();
        assert!(failing.is_empty(), "{failing:?}");
        worker.stop().await;
    }
}

#[tokio::test]
async fn a_shutdown_answers_a_comparison_in_progress() {
    let (stack, worker) = confirmed(&["1"]).await;
    let slow = Fault::delay(60_000).on_path("batch/read");
    let slow = stack.sandbox.add_fault(slow);
    let stop = async {
        until("the call to be in flight", CEILING, async || {
            stack.sandbox.hits_of(slow).is_some_and(|hits| hits > 0)
        })
        .await;
        worker.begin_to_stop();
    };
    let (answer, ()) = tokio::join!(stack.compare(DRIFT), stop);
    let error = answer.unwrap_err();
    assert!(error.message.contains("is stopping"), "{error:?}");
    worker.stop().await;
}

#[tokio::test]
async fn a_worker_that_ends_answers_comparisons_that_wait() {
    let stack = stack_that_redirects("held").await;
    let mut held = stack.users.client.client().subscribe("held").await.unwrap();
    let worker = create_confirmed(&stack, &["1"]).await;
    let stop = async {
        // The worker's check of its permissions is empty.
        while held.next().await.unwrap().payload.is_empty() {}
        worker.stop().await;
    };
    let (error, ()) = tokio::join!(error_of_worker(&stack), stop);
    assert!(error.message.contains("taken over"), "{error:?}");
}

#[tokio::test]
async fn one_worker_answers_although_two_were_granted_the_lease() {
    // Each reading of the clock is later than a lease lasts, so the lease has expired whenever a worker asks for it.
    let readings = AtomicI64::new(0);
    let clock = Clock::new(move || readings.fetch_add(1, Ordering::Relaxed) * 4_000);
    let settings = UserSettings {
        clock,
        ..UserSettings::default()
    };
    let stack = Stack::start_with_users(settings).await;
    let first = stack.worker().await;
    let second = stack.worker().await;
    first.wait_for_status("delivering").await;
    let end = async {
        first.stop().await;
        second.stop().await;
    };
    assert_eq!(stack.count_answers(20, end).await, 20);
}

#[tokio::test]
async fn the_sweep_counts_differences_and_repairs_if_set_to() {
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
        if repair {
            until("the contact to be repaired", CEILING, async || {
                name_of(&stack, "1").as_deref() == Some("1")
            })
            .await;
        } else {
            assert!(!stack.users.is_dirty("1", Field::FIRST_NAME));
        }
        worker.stop().await;
    }
}

#[tokio::test]
async fn without_the_setting_no_user_is_compared() {
    let (stack, worker) = confirmed(&["1"]).await;
    stack.sandbox.forget_calls();
    // This takes far longer than a pass would.
    stack.users.change("1", &[(Field::FIRST_NAME, "Ada")]).await;
    stack.users.wait_until_clean("1").await;
    let read = stack.sandbox.calls();
    assert!(
        !read.iter().any(|call| call.path.ends_with("batch/read")),
        "{read:?}"
    );
    worker.stop().await;
}
