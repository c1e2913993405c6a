//! Pausing and resuming delivery.

use serde_json::{Value, json};

use crate::{hubsync::Hubsync, page::Page};

/// Shows a status with this delivery part to the page.
fn show_status(delivery: &Value) -> String {
    format!(
        "return import('/console/pipeline.js').then(({{ update }}) => update({{
            gateway: {{ ready: true, checks: [] }}, users: {{ pending: 0, resending: 0, usersWithProblems: 0 }}, delivery: {delivery},
        }}));"
    )
}

/// Resolves when the page has got two more statuses.
const TWO_STATUSES: &str = "
    const other = new EventSource('/sync/events');
    let left = 2;
    return new Promise((resolve) => other.addEventListener('status', () => {
        left -= 1;
        if (left === 0) {
            other.close();
            resolve(true);
        }
    }));";

#[tokio::test]
async fn delivery_is_paused_and_resumed_and_the_page_shows_it() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    page.press("stage-delivery", "Pause").await;
    page.press("confirm", "Confirm").await;
    page.wait_for("#stage-delivery .figure", "paused").await;
    hubsync
        .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Ada" }))
        .await;
    page.wait_for_change("1", "pending").await;
    page.wait_for("#backlog", "1").await;
    page.press("stage-delivery", "Resume").await;
    page.press("confirm", "Confirm").await;
    page.wait_for_change("1", "confirmed").await;
    page.close().await;
}

#[tokio::test]
async fn delivery_is_paused_and_resumed_while_there_is_no_worker() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    hubsync.pause(true).await;
    // The hidden page gets no other status meanwhile.
    page.hide().await;
    page.evaluate(&show_status(&json!({ "workers": 0 }))).await;
    page.wait_for("#delivery-status", "no worker").await;
    page.wait_for("#pause", "Resume").await;
    page.press("stage-delivery", "Resume").await;
    page.press("confirm", "Confirm").await;
    page.wait_for("#pause", "Pause").await;
    page.close().await;
}

#[tokio::test]
async fn a_worker_that_does_not_deliver_hides_no_pause() {
    let hubsync = Hubsync::start().await;
    for state in ["otherAccount", "starting", "standby", "halted"] {
        let page = Page::open(&hubsync).await;
        page.wait_for("#pause", "Pause").await;
        hubsync.pause(true).await;
        page.hide().await;
        let delivery = json!({ "workers": 1, "status": state, "message": "in words" });
        page.evaluate(&show_status(&delivery)).await;
        page.wait_for("#pause", "Resume").await;
        page.press("stage-delivery", "Resume").await;
        page.press("confirm", "Confirm").await;
        page.wait_for("#pause", "Pause").await;
        page.close().await;
    }
}

#[tokio::test]
async fn a_failed_pause_is_shown_until_the_next_try() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    let fail = "
        window.real = window.fetch;
        window.fetch = () => Promise.reject(new TypeError('away'));";
    page.evaluate(fail).await;
    page.press("stage-delivery", "Pause").await;
    page.press("confirm", "Confirm").await;
    page.wait_for("[role=alert]#pause-problem", "does not answer")
        .await;
    page.evaluate(TWO_STATUSES).await;
    page.wait_for("#delivery-note", "delivering").await;
    assert!(page.text("#pause-problem").await.contains("does not answer"));
    page.evaluate("window.fetch = window.real").await;
    page.press("stage-delivery", "Pause").await;
    page.press("confirm", "Confirm").await;
    page.wait_for("#stage-delivery .figure", "paused").await;
    assert_eq!(page.text("#pause-problem").await, "");
    page.close().await;
}
