//! A gateway that stops and starts again.

use serde_json::json;

use crate::{hubsync::Hubsync, page::Page};

#[tokio::test]
async fn the_page_reports_a_stopped_gateway_and_recovers() {
    let mut hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    page.mark().await;
    hubsync.stop().await;
    page.wait_for("#connection", "offline").await;
    page.wait_for("#banner", "The gateway does not answer").await;
    // A change that cannot be sent is reported.
    page.send("change", &[("userId", "1"), ("email", "bh@hubspot.com")])
        .await;
    page.wait_for("#change-result", "does not answer").await;

    hubsync.restart().await;
    page.wait_for("#connection", "live").await;
    page.wait_for("#stage-delivery .figure", "running").await;
    hubsync
        .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Ada" }))
        .await;
    page.wait_for_change("1", "confirmed").await;
    assert!(page.was_not_reloaded().await);
    // The browser logs each connection that failed.
    let logged = page.log_errors().await;
    assert!(
        logged.iter().all(|entry| entry.contains("net::ERR_")),
        "{logged:?}"
    );
    page.close().await;
}
