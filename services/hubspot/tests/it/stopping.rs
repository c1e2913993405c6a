//! How workers end, and how the next one takes over.

use contracts::{Field, FieldResult};
use sandbox::{Action, Fault};
use testing::wait::until;

use crate::harness::{CEILING, Stack};

#[tokio::test]
async fn a_stopping_worker_reports_its_call_and_releases_the_lease() {
    let stack = Stack::start().await;
    let worker = stack.worker().await;
    stack.users.change("1", &[(Field::EMAIL, "bh@hubspot.com")]).await;
    stack.users.wait_until_clean("1").await;
    let slow = Fault::new(Action::Delay { ms: 700 }).on_path("batch/update");
    let slow = stack.sandbox.add_fault(slow);
    stack.sandbox.forget_calls();
    stack.users.change("1", &[(Field::FIRST_NAME, "Ada")]).await;
    until("the call to be in flight", CEILING, async || {
        stack.sandbox.hits_of(slow).is_some_and(|hits| hits > 0)
    })
    .await;
    worker.begin_to_stop();
    worker.stop().await;
    assert_eq!(
        stack.users.result("1", Field::FIRST_NAME),
        Some(FieldResult::CONFIRMED)
    );
    assert!(stack.users.lease_is_free());
    stack.wait_until_acknowledged().await;
}

#[tokio::test]
async fn a_standby_worker_takes_over_from_one_that_stopped() {
    let stack = Stack::start().await;
    let first = stack.worker().await;
    let second = stack.start_worker(&[]).await;
    second.wait_for_status("standing by").await;
    first.stop().await;
    second.wait_for_status("delivering").await;
    assert_eq!(stack.users.epoch(), 2);
    stack
        .users
        .change(
            "1",
            &[(Field::EMAIL, "bh@hubspot.com"), (Field::FIRST_NAME, "Ada")],
        )
        .await;
    stack.users.wait_until_clean("1").await;
    second.stop().await;
}

#[tokio::test]
async fn a_standby_worker_takes_over_from_one_that_crashed() {
    let stack = Stack::start().await;
    let first = stack.worker().await;
    let second = stack.start_worker(&[]).await;
    second.wait_for_status("standing by").await;
    first.crash().await;
    stack
        .users
        .change(
            "1",
            &[(Field::EMAIL, "bh@hubspot.com"), (Field::FIRST_NAME, "Ada")],
        )
        .await;
    stack.users.wait_until_clean("1").await;
    stack.wait_until_acknowledged().await;
    second.stop().await;
}
