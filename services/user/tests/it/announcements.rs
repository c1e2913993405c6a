//! Wake-ups on the stream.

use std::time::Duration;

use contracts::{Field, Priority, subjects::STREAM};
use runtime::health::Registry;
use testing::wait::until;
use tokio::sync::mpsc;
use user::{
    commit::{self, AfterCommit},
    relay::{AcceptedNotices, StreamCapacity},
    rules::RuleTiming,
    store,
};

use crate::stack::{CEILING, Stack, ada, patch};

#[tokio::test]
async fn a_user_is_announced_once_for_each_time_it_turns_unsettled() {
    let (stack, service) = Stack::serving(&[]).await;
    stack.update(&ada("1")).await.unwrap();
    stack.wait_until_announced(&["1"]).await;
    stack.acknowledge_all().await;
    stack
        .update(&patch("1", [(Field::FIRST_NAME, "Eva")]))
        .await
        .unwrap();
    stack.update(&ada("2")).await.unwrap();
    stack.wait_until_announced(&["2"]).await;
    let found = stack.announced().await;
    assert_eq!((found[0].version, found[0].priority), (1, Priority::Live));
    service.stop().await.unwrap();
}

#[tokio::test]
async fn the_stream_keeps_the_first_wake_up_of_a_user_and_refuses_another() {
    let (stack, service) = Stack::serving(&[("USER_WAKE_UP_MS", "200"), ("USER_SWEEP_MS", "20")]).await;
    stack.update(&ada("1")).await.unwrap();
    stack.wait_until_announced(&["1"]).await;
    let jetstream = stack.client.jetstream();
    let error = jetstream
        .publish("users.changed.1", "{}".into())
        .await
        .unwrap()
        .await
        .unwrap_err();
    assert!(format!("{error:?}").contains("per subject"), "{error:?}");
    // Announced again and again, it is still one; once taken, the next one is held.
    stack.acknowledge_all().await;
    stack.wait_until_announced(&["1"]).await;
    service.stop().await.unwrap();
}

#[tokio::test]
async fn when_the_stream_is_deleted_what_is_owed_is_announced_anew_though_nobody_changes_anything() {
    let (stack, service) = Stack::serving(&[]).await;
    for user in ["1", "2"] {
        stack.update(&ada(user)).await.unwrap();
    }
    stack.wait_until_announced(&["1", "2"]).await;
    stack.client.jetstream().delete_stream(STREAM).await.unwrap();
    stack.wait_until_announced(&["1", "2"]).await;
    service.stop().await.unwrap();
}

#[tokio::test]
async fn when_nats_comes_back_with_an_empty_disk_what_is_owed_is_announced_anew() {
    let (mut stack, service) = Stack::serving(&[]).await;
    stack.update(&ada("1")).await.unwrap();
    stack.wait_until_announced(&["1"]).await;
    stack.nats.stop().await.unwrap();
    stack.nats.wipe().unwrap();
    until("the loss to be noticed", CEILING, async || {
        !service.is_well("nats")
    })
    .await;
    stack.nats.restart().await.unwrap();
    stack.wait_until_announced(&["1"]).await;
    until("an answer", CEILING, async || stack.update(&ada("2")).await).await;
    stack.wait_until_announced(&["1", "2"]).await;
    service.stop().await.unwrap();
}

#[tokio::test]
async fn what_was_committed_by_a_service_that_died_before_announcing_is_announced_by_the_next() {
    let stack = Stack::new(&[("USER_SWEEP_MS", "20")]).await;
    let users = store::open(&stack.database()).await.unwrap().writers;
    let (wake_ups, mut announced) = mpsc::channel(8);
    let after_commit = AfterCommit {
        wake_ups,
        resolved: mpsc::channel(8).0,
        accepted: AcceptedNotices::default(),
        capacity: StreamCapacity::default(),
    };
    let terms = RuleTiming {
        wake_up: 200,
        ..RuleTiming::default()
    };
    let (handle, task) = commit::start(users, terms, after_commit, &Registry::new("user", &[]));
    handle.run(ada("1"), None).await.unwrap();
    drop(handle);
    task.await.unwrap();
    assert!(announced.recv().await.is_some(), "it was to be announced");
    let service = stack.serve().await;
    stack.wait_until_announced(&["1"]).await;
    service.stop().await.unwrap();
}

#[tokio::test]
async fn who_finds_no_room_in_the_stream_is_due_at_once() {
    // A stream that is new would make everybody due.
    let (stack, service) = Stack::serving(&[]).await;
    service.stop().await.unwrap();
    let users = store::open(&stack.database()).await.unwrap().writers;
    let (wake_ups, mut announced) = mpsc::channel(8);
    let after_commit = AfterCommit {
        wake_ups,
        resolved: mpsc::channel(8).0,
        accepted: AcceptedNotices::default(),
        capacity: StreamCapacity::of(1),
    };
    let health = Registry::new("user", &[]);
    let (handle, task) = commit::start(users, RuleTiming::default(), after_commit, &health);
    for user in ["1", "2", "3"] {
        handle.run(ada(user), None).await.unwrap();
    }
    drop(handle);
    task.await.unwrap();
    assert_eq!(announced.recv().await.unwrap()[0].user_id.as_str(), "1");
    assert_eq!(announced.recv().await, None);
    // The first, whose announcement went nowhere here, has a minute to wait; the others are announced at once.
    let service = stack.serve().await;
    stack.wait_until_announced(&["2", "3"]).await;
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_wake_up_that_is_acknowledged_late_does_not_swallow_the_next() {
    let (stack, service) = Stack::serving(&[("USER_WAKE_UP_MS", "60000")]).await;
    let jetstream = stack.client.jetstream();
    // Somebody else's wake-up of the user is still in the stream when the change is announced.
    jetstream
        .publish("users.changed.1", "{}".into())
        .await
        .unwrap()
        .await
        .unwrap();
    stack.update(&ada("1")).await.unwrap();
    let stream = jetstream.get_stream(STREAM).await.unwrap();
    stream.purge().await.unwrap();
    let soon = Duration::from_secs(5);
    until("the second wake-up", soon, async || {
        !stack.announced().await.is_empty()
    })
    .await;
    service.stop().await.unwrap();
}
