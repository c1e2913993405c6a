//! NATS goes away, comes back, or loses its disk.

use contracts::Field;
use testing::wait::until;

use crate::harness::{CEILING, Stack};

async fn deliver(stack: &Stack, name: &str) {
    stack
        .users
        .change("1", &[(Field::Email, "bh@hubspot.com"), (Field::FirstName, name)])
        .await;
    until("the name at HubSpot", CEILING, async || {
        stack.property("bh@hubspot.com", "firstname").as_deref() == Some(name)
    })
    .await;
}

#[tokio::test]
async fn delivery_goes_on_after_nats_was_killed() {
    let mut stack = Stack::start().await;
    let worker = stack.worker().await;
    deliver(&stack, "before").await;
    stack.nats.kill().await.unwrap();
    stack.nats.restart().await.unwrap();
    until("the stream again", CEILING, async || {
        stack.users.ensure_stream().await;
        true
    })
    .await;
    deliver(&stack, "after").await;
    stack.wait_until_acknowledged().await;
    worker.stop().await;
}

#[tokio::test]
async fn delivery_goes_on_after_nats_lost_its_disk() {
    let mut stack = Stack::start().await;
    let worker = stack.worker().await;
    deliver(&stack, "before").await;
    stack.nats.kill().await.unwrap();
    stack.nats.wipe().unwrap();
    stack.nats.restart().await.unwrap();
    stack.users.ensure_stream().await;
    deliver(&stack, "after").await;
    stack.wait_until_acknowledged().await;
    worker.stop().await;
}

#[tokio::test]
async fn a_message_that_is_no_wake_up_is_removed() {
    let stack = Stack::start().await;
    let worker = stack.worker().await;
    let client = async_nats::connect(stack.nats.url()).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    jetstream
        .publish("users.changed.1", "nonsense".into())
        .await
        .unwrap()
        .await
        .unwrap();
    stack.wait_until_acknowledged().await;
    deliver(&stack, "after").await;
    worker.stop().await;
}
