//! What happens while HubSpot fails, and that delivery resumes by itself afterwards.

use contracts::{Field, FieldResult};
use hubspot::client::Credentials;
use runtime::settings::SecretSource;
use sandbox::{Fault, KnownError};
use testing::wait::until;

use crate::{
    harness::{CEILING, Stack, Worker},
    user_service::UserSettings,
};

const NAME: Field = Field::FIRST_NAME;

/// This many users with contacts, linked by a first change, and the worker that did it.
async fn linked(stack: &Stack, count: usize) -> Worker {
    let worker = stack.worker().await;
    for number in 0..count {
        let email = email(number);
        stack.contact(&email);
        stack
            .users
            .change(&user(number), &[(Field::EMAIL, email.as_str()), (NAME, "first")])
            .await;
    }
    for number in 0..count {
        stack.users.wait_until_clean(&user(number)).await;
    }
    worker
}

fn user(number: usize) -> String {
    format!("u{number}")
}

fn email(number: usize) -> String {
    format!("user{number}@example.com")
}

#[tokio::test]
async fn a_failing_contact_holds_back_no_others_and_recovers() {
    // With these pauses the fault is over long before the fifth failure.
    let stack = Stack::start_with_users(UserSettings::with_first_failure_pause(1_000)).await;
    let worker = linked(&stack, 20).await;
    let failing = stack.sandbox.contact_by_email(&email(7)).unwrap().id;
    let fault = stack.sandbox.add_fault(Fault::poisoned_contact(failing));
    for number in 0..20 {
        stack.users.change(&user(number), &[(NAME, "second")]).await;
    }
    for number in (0..20).filter(|number| *number != 7) {
        stack.users.wait_until_clean(&user(number)).await;
        assert_eq!(
            stack.property(&email(number), "firstname").as_deref(),
            Some("second")
        );
    }
    until("a failure of the failing contact", CEILING, async || {
        !stack.failures(&user(7)).await.is_empty()
    })
    .await;
    let results = stack.users.reported(&user(7)).await;
    assert!(results.iter().any(|result| result.may_apply_late));
    stack.sandbox.remove_fault(fault);
    stack.users.wait_until_clean(&user(7)).await;
    assert_eq!(stack.users.result(&user(7), NAME), Some(FieldResult::CONFIRMED));
    worker.stop().await;
}

#[tokio::test]
async fn faults_of_the_account_halt_delivery_until_they_are_over() {
    let cases = [
        (
            KnownError::InvalidToken,
            "does not accept the token",
            "unauthorized",
        ),
        (KnownError::Server(503), "fails for every record", "outage"),
    ];
    for (error, sentence, fault_name) in cases {
        let stack = Stack::start().await;
        let worker = linked(&stack, 2).await;
        let fault = stack.sandbox.add_fault(Fault::answer(error));
        for number in 0..2 {
            stack.users.change(&user(number), &[(NAME, "second")]).await;
        }
        worker.wait_for_status(sentence).await;
        assert!(!worker.registry.report().ready);
        let gauge = format!(r#"hubsync_delivery_halt_cause{{cause="{fault_name}"}} 1"#);
        assert!(
            worker.metrics.text().contains(&gauge),
            "{}",
            worker.metrics.text()
        );
        stack.sandbox.remove_fault(fault);
        for number in 0..2 {
            stack.users.wait_until_clean(&user(number)).await;
            let failures = stack.failures(&user(number)).await;
            assert!(
                failures.iter().all(|failure| !failure.is_counted),
                "no failure counts against a user: {failures:?}"
            );
        }
        worker.wait_for_status("delivering").await;
        assert!(!worker.metrics.text().contains(&gauge));
        stack.wait_until_acknowledged().await;
        worker.stop().await;
    }
}

#[tokio::test]
async fn a_worker_whose_token_is_revoked_gives_the_lease_to_one_whose_token_works() {
    let stack = Stack::start().await;
    stack.sandbox.set_tokens(["sandbox-token", "another-token"]);
    let first = linked(&stack, 1).await;
    let mut config = stack.config(&[]);
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "another-token").unwrap();
    config.access.credentials = Credentials::Token(SecretSource::File(token));
    let second = Stack::serve(config).await;
    second.wait_for_status("standing by").await;
    let epoch = stack.users.epoch();
    stack.sandbox.set_tokens(["another-token"]);
    stack.users.change(&user(0), &[(NAME, "second")]).await;
    stack.users.wait_until_clean(&user(0)).await;
    assert_eq!(stack.property(&email(0), "firstname").as_deref(), Some("second"));
    assert!(stack.users.epoch() > epoch, "the second worker delivers");
    second.wait_for_status("delivering").await;
    first.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn a_call_that_timed_out_may_be_applied_late() {
    let stack = Stack::start().await;
    let first = linked(&stack, 1).await;
    first.stop().await;
    let worker = stack.start_worker(&[("HUBSPOT_TIMEOUT_MS", "300")]).await;
    worker.wait_for_status("delivering").await;
    let delay = Fault::new(sandbox::Action::Delay { ms: 2_000 })
        .on_path("batch/update")
        .times(1);
    stack.sandbox.add_fault(delay);
    stack.users.change(&user(0), &[(NAME, "second")]).await;
    stack.users.wait_until_clean(&user(0)).await;
    let results = stack.users.reported(&user(0)).await;
    let failed = results.iter().find(|result| result.failure.is_some()).unwrap();
    assert!(failed.may_apply_late && failed.written.contains(NAME));
    assert_eq!(failed.failure.as_ref().unwrap().reason.code, "TIMED_OUT");
    worker.stop().await;
}

#[tokio::test]
async fn a_success_that_changed_nothing_is_noticed() {
    let stack = Stack::start().await;
    let worker = linked(&stack, 1).await;
    let empty = Fault::new(sandbox::Action::EmptySuccess).on_path("batch/update");
    stack.sandbox.add_fault(empty);
    stack.users.change(&user(0), &[(NAME, "second")]).await;
    stack.users.wait_until_clean(&user(0)).await;
    assert_eq!(stack.property(&email(0), "firstname").as_deref(), Some("second"));
    worker.stop().await;
}

#[tokio::test]
async fn a_worker_gets_no_lease_while_links_belong_to_another_account() {
    let stack = Stack::start().await;
    stack.link("1", &email(0), "1").await;
    let epoch = stack.users.epoch();
    let worker = stack.start_worker(&[]).await;
    worker.wait_for_status("the HubSpot account 1").await;
    assert_eq!(stack.users.epoch(), epoch);
    assert!(stack.users.lease_is_free());
    worker.stop().await;
}
