//! Wake-ups in the stream.

use std::time::Duration;

use contracts::{Field, FieldDefinitions, Notice, Priority, WakeUpNotice, subjects::STREAM};
use futures_util::StreamExt;
use runtime::{CurrentFields, health::Registry};
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
async fn a_user_that_becomes_dirty_gets_one_wake_up() {
    let (stack, service) = Stack::serving(&[]).await;
    stack.update(&ada("1")).await.unwrap();
    stack.wait_for_wake_ups(&["1"]).await;
    stack.acknowledge_all().await;
    stack
        .update(&patch("1", [(Field::FIRST_NAME, "Eva")]))
        .await
        .unwrap();
    stack.update(&ada("2")).await.unwrap();
    stack.wait_for_wake_ups(&["2"]).await;
    let found = stack.wake_ups().await;
    assert_eq!((found[0].version, found[0].priority), (1, Priority::Live));
    service.stop().await.unwrap();
}

#[tokio::test]
async fn the_stream_keeps_one_wake_up_of_each_user() {
    let (stack, service) = Stack::serving(&[("USER_WAKE_UP_MS", "200"), ("USER_SWEEP_MS", "20")]).await;
    stack.update(&ada("1")).await.unwrap();
    stack.wait_for_wake_ups(&["1"]).await;
    let jetstream = stack.client.jetstream();
    let error = jetstream
        .publish("users.changed.1", "{}".into())
        .await
        .unwrap()
        .await
        .unwrap_err();
    assert!(format!("{error:?}").contains("per subject"), "{error:?}");
    // The service publishes it again and again, and the stream keeps one. After the acknowledgement it takes another.
    stack.acknowledge_all().await;
    stack.wait_for_wake_ups(&["1"]).await;
    service.stop().await.unwrap();
}

#[tokio::test]
async fn after_the_stream_was_deleted_wake_ups_are_published_again() {
    let (stack, service) = Stack::serving(&[]).await;
    for user in ["1", "2"] {
        stack.update(&ada(user)).await.unwrap();
    }
    stack.wait_for_wake_ups(&["1", "2"]).await;
    stack.client.jetstream().delete_stream(STREAM).await.unwrap();
    stack.wait_for_wake_ups(&["1", "2"]).await;
    service.stop().await.unwrap();
}

#[tokio::test]
async fn after_nats_lost_its_disk_wake_ups_are_published_again() {
    let (mut stack, service) = Stack::serving(&[]).await;
    stack.update(&ada("1")).await.unwrap();
    stack.wait_for_wake_ups(&["1"]).await;
    stack.nats.stop().await.unwrap();
    stack.nats.wipe().unwrap();
    until("the loss to be noticed", CEILING, async || {
        !service.is_well("nats")
    })
    .await;
    stack.nats.restart().await.unwrap();
    stack.wait_for_wake_ups(&["1"]).await;
    until("an answer", CEILING, async || stack.update(&ada("2")).await).await;
    stack.wait_for_wake_ups(&["1", "2"]).await;
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_restarted_service_publishes_wake_ups_that_were_not() {
    let stack = Stack::new(&[("USER_SWEEP_MS", "20")]).await;
    let users = store::open(&stack.database()).await.unwrap().writers;
    let (wake_ups, mut wake_ups_to_publish) = mpsc::channel(8);
    let after_commit = AfterCommit {
        wake_ups,
        resolved: mpsc::channel(8).0,
        accepted: AcceptedNotices::default(),
        capacity: StreamCapacity::default(),
    };
    let timing = RuleTiming {
        wake_up: 200,
        ..RuleTiming::default()
    };
    let (handle, task) = commit::start(
        users,
        timing,
        &CurrentFields::new(FieldDefinitions::built_in().clone()),
        after_commit,
        &Registry::new("user", &[]),
    );
    handle.run(ada("1"), None).await.unwrap();
    drop(handle);
    task.await.unwrap();
    assert!(
        wake_ups_to_publish.recv().await.is_some(),
        "there was a wake-up to publish"
    );
    let service = stack.serve().await;
    stack.wait_for_wake_ups(&["1"]).await;
    service.stop().await.unwrap();
}

#[tokio::test]
async fn users_without_space_in_the_stream_are_due_at_once() {
    // The service creates the stream here. A stream that is new later would make all users due.
    let (stack, service) = Stack::serving(&[]).await;
    service.stop().await.unwrap();
    let users = store::open(&stack.database()).await.unwrap().writers;
    let (wake_ups, mut wake_ups_to_publish) = mpsc::channel(8);
    let after_commit = AfterCommit {
        wake_ups,
        resolved: mpsc::channel(8).0,
        accepted: AcceptedNotices::default(),
        capacity: StreamCapacity::of(1),
    };
    let health = Registry::new("user", &[]);
    let (handle, task) = commit::start(
        users,
        RuleTiming::default(),
        &CurrentFields::new(FieldDefinitions::built_in().clone()),
        after_commit,
        &health,
    );
    for user in ["1", "2", "3"] {
        handle.run(ada(user), None).await.unwrap();
    }
    drop(handle);
    task.await.unwrap();
    assert_eq!(wake_ups_to_publish.recv().await.unwrap()[0].user_id.as_str(), "1");
    assert_eq!(wake_ups_to_publish.recv().await, None);
    // The first user, whose wake-up nobody publishes here, is due in a minute. The others are woken at once.
    let service = stack.serve().await;
    stack.wait_for_wake_ups(&["2", "3"]).await;
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_wake_up_that_is_acknowledged_late_hides_no_change() {
    let (stack, service) = Stack::serving(&[("USER_WAKE_UP_MS", "60000")]).await;
    let jetstream = stack.client.jetstream();
    // An older wake-up of the user is still in the stream when the next one is published.
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
        !stack.wake_ups().await.is_empty()
    })
    .await;
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_live_wake_up_that_the_stream_rejects_is_sent_past_it() {
    let (stack, service) = Stack::serving(&[]).await;
    let client = stack.client.client();
    let mut notices = client.subscribe(WakeUpNotice::SUBJECT).await.unwrap();
    client.flush().await.unwrap();
    // An older wake-up of the user is still in the stream.
    stack
        .client
        .jetstream()
        .publish("users.changed.1", "{}".into())
        .await
        .unwrap()
        .await
        .unwrap();
    stack.update(&ada("1")).await.unwrap();
    let notice = tokio::time::timeout(CEILING, notices.next())
        .await
        .unwrap()
        .unwrap();
    let WakeUpNotice(changed) = serde_json::from_slice(&notice.payload).unwrap();
    assert_eq!(
        (changed.user_id.as_str(), changed.version, changed.priority),
        ("1", 1, Priority::Live)
    );
    stack.acknowledge_all().await;
    service.stop().await.unwrap();
}
