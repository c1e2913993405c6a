//! What happens when HubSpot is unwell, and that it goes on alone afterwards.

use contracts::{Field, FieldResult};
use sandbox::{Fault, KnownError};

use crate::harness::{Stack, Worker};

const NAME: Field = Field::FIRST_NAME;

/// Users with contacts, linked by a first change.
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
        stack.users.wait_until_settled(&user(number)).await;
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
async fn one_bad_record_does_not_sink_those_beside_it_and_settles_when_it_is_well() {
    let stack = Stack::start().await;
    let worker = linked(&stack, 20).await;
    let bad = stack.sandbox.contact_by_email(&email(7)).unwrap().id;
    let fault = stack.sandbox.add_fault(Fault::poisoned_contact(bad));
    for number in 0..20 {
        stack.users.change(&user(number), &[(NAME, "second")]).await;
    }
    for number in (0..20).filter(|number| *number != 7) {
        stack.users.wait_until_settled(&user(number)).await;
        assert_eq!(
            stack.property(&email(number), "firstname").as_deref(),
            Some("second")
        );
    }
    testing::wait::until(
        "a failure of the bad record alone",
        crate::harness::CEILING,
        async || {
            stack
                .users
                .verdicts(&user(7))
                .iter()
                .any(|verdict| verdict.failure.is_some())
        },
    )
    .await;
    assert!(
        stack
            .users
            .verdicts(&user(7))
            .iter()
            .any(|verdict| verdict.may_apply_late)
    );
    stack.sandbox.remove_fault(fault);
    stack.users.wait_until_settled(&user(7)).await;
    assert_eq!(stack.users.outcome(&user(7), NAME), Some(FieldResult::Confirmed));
    worker.stop().await;
}

#[tokio::test]
async fn faults_of_the_account_stop_the_line_and_it_resumes_alone() {
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
            stack.users.wait_until_settled(&user(number)).await;
            let failures = stack
                .users
                .verdicts(&user(number))
                .into_iter()
                .filter_map(|verdict| verdict.failure);
            assert!(
                failures.into_iter().all(|failure| !failure.is_counted),
                "nobody is charged"
            );
        }
        worker.wait_for_status("delivering").await;
        assert!(!worker.metrics.text().contains(&gauge));
        stack.wait_until_acknowledged().await;
        worker.stop().await;
    }
}

#[tokio::test]
async fn a_call_that_timed_out_is_reported_as_possibly_carried_out_later() {
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
    stack.users.wait_until_settled(&user(0)).await;
    let verdicts = stack.users.verdicts(&user(0));
    let failed = verdicts.iter().find(|verdict| verdict.failure.is_some()).unwrap();
    assert!(failed.may_apply_late && failed.written.contains(NAME));
    assert_eq!(failed.failure.as_ref().unwrap().reason.code, "TIMED_OUT");
    worker.stop().await;
}

#[tokio::test]
async fn a_success_that_did_nothing_is_noticed() {
    let stack = Stack::start().await;
    let worker = linked(&stack, 1).await;
    let empty = Fault::new(sandbox::Action::EmptySuccess).on_path("batch/update");
    stack.sandbox.add_fault(empty);
    stack.users.change(&user(0), &[(NAME, "second")]).await;
    stack.users.wait_until_settled(&user(0)).await;
    assert_eq!(stack.property(&email(0), "firstname").as_deref(), Some("second"));
    worker.stop().await;
}

#[tokio::test]
async fn links_of_another_account_keep_the_line_still() {
    let stack = Stack::start().await;
    stack.users.remember_account("1");
    let worker = stack.start_worker(&[]).await;
    worker.wait_for_status("the HubSpot account 1").await;
    assert_eq!(stack.users.epoch(), 0);
    worker.stop().await;
}
