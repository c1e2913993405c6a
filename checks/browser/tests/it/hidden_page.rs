//! A page that is hidden: it uses no connection, and continues where it was. Also a page whose gateway does not answer.

use serde_json::json;
use testing::wait::until;

use crate::{
    hubsync::{CEILING, Hubsync},
    page::Page,
};

/// Records the requests to the gateway.
const RECORD: &str = "
    window.requests = [];
    const real = window.fetch;
    window.fetch = (path, init) => {
        window.requests.push({ waits: 'Prefer' in init.headers, signal: init.signal });
        return real(path, init);
    };";
/// Requests that wait for a result: how many there were, and how many still wait.
const WAITING: &str = "
    const waits = window.requests.filter((request) => request.waits);
    return [waits.length, waits.filter((request) => !request.signal.aborted).length];";
/// Opens a second event stream in the same browser.
const LISTEN: &str = "
    window.received = '';
    window.other = new EventSource('/sync/events');
    window.other.addEventListener('changes', (event) => { window.received += event.data; });
    return new Promise((resolve) => window.other.addEventListener('hello', () => resolve(true)));";

#[tokio::test]
async fn a_hidden_page_has_no_stream_and_misses_nothing() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    let change = async |user: &str| {
        hubsync
            .change(user, json!({ "email": format!("{user}@example.com") }))
            .await;
    };
    change("before").await;
    page.wait_for_change("before", "notFound").await;
    page.evaluate(LISTEN).await;
    page.hide().await;
    change("meanwhile").await;
    until("the change to be announced", CEILING, async || {
        let received = page.evaluate("return window.received").await.to_string();
        if received.contains("notFound") {
            Ok(())
        } else {
            Err(received)
        }
    })
    .await;
    let rows = page.text("#recent").await;
    assert!(!rows.contains("meanwhile"), "{rows}");
    page.show().await;
    page.wait_for_change("meanwhile", "notFound").await;
    page.wait_for_change("before", "notFound").await;
    page.close().await;
}

#[tokio::test]
async fn a_page_hidden_before_any_event_misses_nothing() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    page.hide().await;
    hubsync
        .change("meanwhile", json!({ "email": "meanwhile@example.com" }))
        .await;
    until("the result", CEILING, async || {
        let state = hubsync.state_of("meanwhile").await;
        if state == "notFound" { Ok(()) } else { Err(state) }
    })
    .await;
    page.show().await;
    page.wait_for_change("meanwhile", "notFound").await;
    page.close().await;
}

#[tokio::test]
async fn a_hidden_page_does_not_wait_for_results() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    hubsync.pause(true).await;
    page.wait_for("#stage-delivery .figure", "paused").await;
    page.evaluate(RECORD).await;
    page.send("change", &[("userId", "1"), ("email", "bh@hubspot.com")])
        .await;
    let waiting = async |expected: [u8; 2]| {
        until("the waiting requests", CEILING, async || {
            let waiting = page.evaluate(WAITING).await;
            if waiting == json!(expected) {
                Ok(())
            } else {
                Err(waiting)
            }
        })
        .await;
    };
    waiting([1, 1]).await;
    page.hide().await;
    waiting([1, 0]).await;
    page.show().await;
    waiting([2, 1]).await;
    hubsync.pause(false).await;
    page.wait_for("#change-result", "confirmed version 1").await;
    page.close().await;
}

#[tokio::test]
async fn a_receipt_is_updated_after_failed_requests() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    hubsync.pause(true).await;
    page.wait_for("#stage-delivery .figure", "paused").await;
    page.send("change", &[("userId", "1"), ("email", "bh@hubspot.com")])
        .await;
    page.wait_for("#change-result", "version 1 is accepted").await;
    page.send("look-up", &[("userId", "1")]).await;
    page.wait_for("#receipt", "pending 1, version 1").await;
    // The page sends its waiting requests again when it is visible.
    page.hide().await;
    let fail = "
        window.real = window.fetch;
        window.fetch = () => Promise.reject(new TypeError('away'));";
    page.evaluate(fail).await;
    page.show().await;
    for (place, kept) in [
        ("#receipt", "pending 1, version 1"),
        ("#change-result", "version 1 is accepted"),
    ] {
        page.wait_for(place, "The outcome of the request is unknown")
            .await;
        page.wait_for(place, kept).await;
    }
    page.evaluate("window.fetch = window.real").await;
    hubsync.pause(false).await;
    for (place, done) in [
        ("#receipt", "confirmed 1, version 1"),
        ("#change-result", "confirmed version 1 after"),
    ] {
        page.wait_for(place, done).await;
        let text = page.text(place).await;
        assert!(!text.contains("outcome of the request"), "{text}");
    }
    page.close().await;
}

#[tokio::test]
async fn a_request_without_a_response_times_out() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    let hang = "
        const real = AbortSignal.timeout;
        AbortSignal.timeout = () => real.call(AbortSignal, 100);
        window.fetch = (path, { signal }) => new Promise((_, reject) => {
            signal?.addEventListener('abort', () => reject(signal.reason));
        });";
    page.evaluate(hang).await;
    page.send("look-up", &[("userId", "1")]).await;
    page.wait_for("#receipt", "does not answer in time").await;
    page.close().await;
}
