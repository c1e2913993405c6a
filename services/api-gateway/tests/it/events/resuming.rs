//! Browsers that reconnect and continue where they were.

use super::{Browser, Publisher};
use crate::harness::Gateway;

#[tokio::test]
async fn a_briefly_disconnected_browser_misses_nothing() {
    let gateway = Gateway::start().await;
    let publisher = Publisher::start(&gateway).await;
    let mut browser = Browser::open(&gateway).await;
    browser.next_named("hello").await;
    publisher.accept("u1", 1).await;
    let last = browser.next_named("changes").await.id.unwrap();
    // Another browser receives the change that the first one misses, so that the test knows that it was sent.
    let mut other = Browser::open(&gateway).await;
    other.next_named("hello").await;
    drop(browser);
    publisher.accept("u1", 2).await;
    let seen = other.next_named("changes").await;
    drop(other);
    let mut resuming = Browser::resuming(&gateway, Some(&last)).await;
    let hello = resuming.next_named("hello").await.data;
    assert_eq!(hello["resumed"], true);
    let missed = resuming.next_named("changes").await;
    assert_eq!(
        missed.data, seen.data,
        "the missed event is the same, including its time"
    );
    let [then, now] = [&missed.data["at"], &hello["at"]].map(|at| at.as_str().unwrap().to_owned());
    assert!(then <= now, "{then} {now}");
    assert_eq!(missed.data["users"][0]["version"], 2);
    assert_ne!(missed.id.as_deref(), Some(last.as_str()));
    // A new page cannot send the header, so it names the event in the query. A header is more recent than the query.
    let mut new_page = Browser::at(&gateway, &format!("/sync/events?last={last}"), None).await;
    assert_eq!(new_page.next_named("hello").await.data["resumed"], true);
    assert_eq!(new_page.next_named("changes").await.id, missed.id);
    let mut again = Browser::at(
        &gateway,
        &format!("/sync/events?last={last}"),
        missed.id.as_deref(),
    )
    .await;
    assert_eq!(again.next_named("hello").await.data["resumed"], true);
    publisher.accept("u1", 3).await;
    assert_eq!(again.next_named("changes").await.data["users"][0]["version"], 3);
}

#[tokio::test]
async fn a_browser_that_saw_only_the_greeting_misses_nothing() {
    let gateway = Gateway::start().await;
    let publisher = Publisher::start(&gateway).await;
    let mut browser = Browser::open(&gateway).await;
    let greeted = browser.next_named("hello").await.id.unwrap();
    let mut other = Browser::open(&gateway).await;
    other.next_named("hello").await;
    drop(browser);
    publisher.accept("u1", 1).await;
    let seen = other.next_named("changes").await;
    let mut resuming = Browser::resuming(&gateway, Some(&greeted)).await;
    let hello = resuming.next_named("hello").await;
    assert_eq!(hello.data["resumed"], true);
    assert_eq!(hello.id, Some(greeted), "one that is cut off here misses nothing");
    let missed = resuming.next_named("changes").await;
    assert_eq!((missed.id, missed.data), (seen.id.clone(), seen.data));
    let mut new_page = Browser::open(&gateway).await;
    assert_eq!(new_page.next_named("hello").await.id, seen.id);
}

#[tokio::test]
async fn an_unknown_event_id_starts_a_new_stream() {
    let gateway = Gateway::start().await;
    for last in ["0000002a-7", "nonsense", ""] {
        let mut browser = Browser::resuming(&gateway, Some(last)).await;
        let hello = browser.next_named("hello").await;
        assert_eq!(hello.data["resumed"], false);
        assert_ne!(hello.id.unwrap(), last);
    }
}
