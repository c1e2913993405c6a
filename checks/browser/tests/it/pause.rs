//! Pausing delivery, and letting it go on.

use serde_json::{Value, json};

use crate::{hubsync::Hubsync, page::Page};

/// As the gateway tells it while the line stands so.
fn told(line: &Value) -> String {
    format!(
        "return import('/console/pipeline.js').then(({{ update }}) => update({{
            gateway: {{ ready: true, checks: [] }}, users: {{ pending: 0, resending: 0, usersWithProblems: 0 }}, delivery: {line},
        }}));"
    )
}

/// Comes when the page was told twice more how everything stands.
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
async fn delivery_is_paused_and_resumed_and_the_line_says_so() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    page.press("stage-line", "Pause").await;
    page.press("confirm", "Do it").await;
    page.wait_for("#stage-line .figure", "paused").await;
    hubsync
        .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Ada" }))
        .await;
    page.wait_for_change("1", "pending").await;
    page.wait_for("#backlog", "1").await;
    page.press("stage-line", "Resume").await;
    page.press("confirm", "Do it").await;
    page.wait_for_change("1", "confirmed").await;
    page.close().await;
}

#[tokio::test]
async fn delivery_is_paused_and_resumed_while_there_is_no_worker() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    hubsync.pause(true).await;
    // It is told nothing else meanwhile.
    page.hide().await;
    page.evaluate(&told(&json!({ "workers": 0 }))).await;
    page.wait_for("#line-state", "nobody").await;
    page.wait_for("#pause", "Resume").await;
    page.press("stage-line", "Resume").await;
    page.press("confirm", "Do it").await;
    page.wait_for("#pause", "Pause").await;
    page.close().await;
}

#[tokio::test]
async fn a_worker_that_does_not_get_to_deliver_hides_no_pause() {
    let hubsync = Hubsync::start().await;
    for state in ["otherAccount", "starting", "standby", "halted"] {
        let page = Page::open(&hubsync).await;
        page.wait_for("#pause", "Pause").await;
        hubsync.pause(true).await;
        page.hide().await;
        let line = json!({ "workers": 1, "status": state, "message": "in words" });
        page.evaluate(&told(&line)).await;
        page.wait_for("#pause", "Resume").await;
        page.press("stage-line", "Resume").await;
        page.press("confirm", "Do it").await;
        page.wait_for("#pause", "Pause").await;
        page.close().await;
    }
}

#[tokio::test]
async fn a_pause_that_failed_is_told_of_until_another_try() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    let fail = "
        window.real = window.fetch;
        window.fetch = () => Promise.reject(new TypeError('away'));";
    page.evaluate(fail).await;
    page.press("stage-line", "Pause").await;
    page.press("confirm", "Do it").await;
    page.wait_for("[role=alert]#pause-problem", "does not answer")
        .await;
    page.evaluate(TWO_STATUSES).await;
    page.wait_for("#line-note", "delivering").await;
    assert!(page.text("#pause-problem").await.contains("does not answer"));
    page.evaluate("window.fetch = window.real").await;
    page.press("stage-line", "Pause").await;
    page.press("confirm", "Do it").await;
    page.wait_for("#stage-line .figure", "paused").await;
    assert_eq!(page.text("#pause-problem").await, "");
    page.close().await;
}
