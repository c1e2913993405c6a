//! A gateway that goes away and comes back.

use serde_json::json;

use crate::{hubsync::Hubsync, page::Page};

#[tokio::test]
async fn while_the_gateway_is_away_the_page_says_so_and_goes_on_when_it_is_back() {
    let mut hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    page.mark().await;
    hubsync.stop().await;
    page.wait_for("#connection", "offline").await;
    page.wait_for("#banner", "The gateway does not answer").await;
    // A change is not silently lost.
    page.send("change", &[("userId", "1"), ("email", "bh@hubspot.com")])
        .await;
    page.wait_for("#change-result", "does not answer").await;

    hubsync.start_again().await;
    page.wait_for("#connection", "live").await;
    page.wait_for("#stage-line .figure", "running").await;
    hubsync
        .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Ada" }))
        .await;
    page.wait_for_change("1", "confirmed").await;
    assert!(page.was_not_reloaded().await);
    // The browser notes each connection that it did not get.
    let noted = page.complaints().await;
    assert!(noted.iter().all(|note| note.contains("net::ERR_")), "{noted:?}");
    page.close().await;
}
