//! Users in trouble: what the page says of them, and trying again.

use serde_json::json;
use testing::wait::until;

use crate::{
    hubsync::{CEILING, Hubsync},
    page::Page,
};

/// A user whose contact makes HubSpot fail until the fault is taken away, so often that it is parked.
async fn park(hubsync: &Hubsync, user: &str) {
    hubsync.add_fault("contact=51,answer=500").await;
    hubsync
        .change(user, json!({ "email": "bh@hubspot.com", "firstName": "Ada" }))
        .await;
    let mut change = 0;
    until(&format!("{user} to be parked"), CEILING, async || {
        // A failure counts only where others succeed.
        change += 1;
        let name = format!("Maria {change}");
        hubsync
            .change(
                "other",
                json!({ "email": "emailmaria@hubspot.com", "firstName": name }),
            )
            .await;
        let state = hubsync.state_of(user).await;
        if state == "failed" { Ok(()) } else { Err(state) }
    })
    .await;
}

#[tokio::test]
async fn a_parked_user_is_tried_again_after_hubspot_is_mended() {
    let hubsync = Hubsync::start().await;
    park(&hubsync, "1").await;
    let page = Page::open(&hubsync).await;
    page.mark().await;
    page.wait_for("#troubles", "failed").await;
    page.wait_for("#troubles", "1 user").await;
    page.press("troubles", "Show users").await;
    page.wait_for("#troubles table", "1").await;

    hubsync.end_faults().await;
    page.press("troubles", "Try all again").await;
    // What will happen is said before it is done.
    page.wait_for("#confirm", "Try 1 user again?").await;
    page.press("confirm", "Do it").await;
    page.wait_for("#troubles-empty", "No user is in trouble").await;
    page.wait_for_change("1", "confirmed").await;
    assert_eq!(hubsync.state_of("1").await, "confirmed");
    assert!(page.was_not_reloaded().await);
    page.close().await;
}

#[tokio::test]
async fn a_refused_value_is_shown_in_hubspots_words_with_its_receipt() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    hubsync
        .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Brian" }))
        .await;
    page.wait_for_change("1", "confirmed").await;
    // Valid by the standard, refused by HubSpot.
    hubsync
        .change("1", json!({ "email": "\"bad address\"@example.com" }))
        .await;
    page.wait_for("#troubles", "INVALID_EMAIL").await;
    // A later change that goes well does not hide it.
    hubsync.merge("1", json!({ "firstName": "Ada" })).await;
    page.wait_for_change("1", "confirmed").await;
    page.send("look-up", &[("userId", "1")]).await;
    page.wait_for("#receipt", "is invalid").await;
    page.wait_for("#receipt", "correlation id").await;
    // An operator who thinks better of it.
    page.press("receipt", "Try again").await;
    page.wait_for("#confirm", "Try 1 again?").await;
    page.press("confirm", "Leave it").await;
    page.wait_for("#receipt", "rejected").await;
    page.close().await;
}

#[tokio::test]
async fn a_refused_field_is_tried_again_though_another_one_is_pending() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    hubsync
        .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Brian" }))
        .await;
    page.wait_for_change("1", "confirmed").await;
    hubsync
        .change("1", json!({ "email": "\"bad address\"@example.com" }))
        .await;
    page.wait_for("#troubles", "INVALID_EMAIL").await;
    hubsync.pause(true).await;
    page.wait_for("#stage-line .figure", "paused").await;
    hubsync.merge("1", json!({ "firstName": "Ada" })).await;
    page.send("look-up", &[("userId", "1")]).await;
    page.wait_for("#receipt", "pending 1, version 3").await;
    page.wait_for("#receipt", "is invalid").await;
    page.press("receipt", "Try again").await;
    page.wait_for("#confirm", "Try 1 again?").await;
    page.press("confirm", "Do it").await;
    page.wait_for("#receipt", "sent once more").await;
    page.close().await;
}
