//! A page that nobody sees: it holds no connection, and goes on where it was. And one whose gateway answers nothing.

use serde_json::json;
use testing::wait::until;

use crate::{
    hubsync::{CEILING, Hubsync},
    page::Page,
};

/// Notes what is asked of the gateway.
const NOTE: &str = "
    window.asked = [];
    const real = window.fetch;
    window.fetch = (path, init) => {
        window.asked.push({ waits: 'Prefer' in init.headers, signal: init.signal });
        return real(path, init);
    };";
/// Those who wait for a verdict: all of them so far, and those who wait still.
const WAITING: &str = "
    const waits = window.asked.filter((request) => request.waits);
    return [waits.length, waits.filter((request) => !request.signal.aborted).length];";
/// Another one who listens, in the same browser.
const LISTEN: &str = "
    window.heard = '';
    window.other = new EventSource('/sync/events');
    window.other.addEventListener('changes', (event) => { window.heard += event.data; });
    return new Promise((resolve) => window.other.addEventListener('hello', () => resolve(true)));";

#[tokio::test]
async fn a_hidden_page_listens_to_nothing_and_misses_nothing() {
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
    until("the change to be told of", CEILING, async || {
        let heard = page.evaluate("return window.heard").await.to_string();
        if heard.contains("notFound") {
            Ok(())
        } else {
            Err(heard)
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
async fn a_page_that_is_hidden_before_anything_happened_misses_nothing_either() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    page.hide().await;
    hubsync
        .change("meanwhile", json!({ "email": "meanwhile@example.com" }))
        .await;
    until("the verdict", CEILING, async || {
        let state = hubsync.state_of("meanwhile").await;
        if state == "notFound" { Ok(()) } else { Err(state) }
    })
    .await;
    page.show().await;
    page.wait_for_change("meanwhile", "notFound").await;
    page.close().await;
}

#[tokio::test]
async fn a_hidden_page_waits_for_no_verdict_until_it_is_shown_again() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    hubsync.pause(true).await;
    page.wait_for("#stage-line .figure", "paused").await;
    page.evaluate(NOTE).await;
    page.send("change", &[("userId", "1"), ("email", "bh@hubspot.com")])
        .await;
    let waiting = async |expected: [u8; 2]| {
        until("those who wait", CEILING, async || {
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
async fn a_receipt_is_followed_over_requests_that_fail() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    hubsync.pause(true).await;
    page.wait_for("#stage-line .figure", "paused").await;
    page.send("change", &[("userId", "1"), ("email", "bh@hubspot.com")])
        .await;
    page.wait_for("#change-result", "version 1 is accepted").await;
    page.send("look-up", &[("userId", "1")]).await;
    page.wait_for("#receipt", "pending 1, version 1").await;
    // Those who wait ask again when the page is shown.
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
        page.wait_for(place, "Nothing is known of what was asked").await;
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
        assert!(!text.contains("Nothing is known"), "{text}");
    }
    page.close().await;
}

#[tokio::test]
async fn what_the_gateway_does_not_answer_is_given_up_after_a_while() {
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
