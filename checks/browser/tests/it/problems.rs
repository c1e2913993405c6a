//! Users with problems, and retries.

use serde_json::json;
use testing::wait::until;

use crate::{
    hubsync::{CEILING, Hubsync},
    page::Page,
};

/// Makes HubSpot fail for the contact of a user, until the user has failed.
async fn make_fail(hubsync: &Hubsync, user: &str) {
    hubsync.add_fault("contact=51,answer=500").await;
    hubsync
        .change(user, json!({ "email": "bh@hubspot.com", "firstName": "Ada" }))
        .await;
    let mut change = 0;
    until(&format!("{user} to have failed"), CEILING, async || {
        // A failure counts only while deliveries of others succeed.
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
async fn a_failed_user_is_retried_after_hubspot_recovers() {
    let hubsync = Hubsync::start().await;
    make_fail(&hubsync, "1").await;
    let page = Page::open(&hubsync).await;
    page.mark().await;
    page.wait_for("#problems", "failed").await;
    page.wait_for("#problems", "1 user").await;
    page.press("problems", "Show users").await;
    page.wait_for("#problems table", "1").await;

    hubsync.end_faults().await;
    page.press("problems", "Retry all").await;
    // The page asks for confirmation first.
    page.wait_for("#confirm", "Retry 1 user?").await;
    page.press("confirm", "Confirm").await;
    page.wait_for("#problems-empty", "No user has a problem").await;
    page.wait_for_change("1", "confirmed").await;
    assert_eq!(hubsync.state_of("1").await, "confirmed");
    assert!(page.was_not_reloaded().await);
    page.close().await;
}

#[tokio::test]
async fn a_rejected_value_is_shown_with_hubspots_reason() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    hubsync
        .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Brian" }))
        .await;
    page.wait_for_change("1", "confirmed").await;
    // Valid by the standard, but rejected by HubSpot.
    hubsync
        .change("1", json!({ "email": "\"bad address\"@example.com" }))
        .await;
    page.wait_for("#problems", "INVALID_EMAIL").await;
    // A later change that succeeds does not hide it.
    hubsync.merge("1", json!({ "firstName": "Ada" })).await;
    page.wait_for_change("1", "confirmed").await;
    page.send("look-up", &[("userId", "1")]).await;
    page.wait_for("#receipt", "is invalid").await;
    page.wait_for("#receipt", "correlation id").await;
    // The operator cancels.
    page.press("receipt", "Retry").await;
    page.wait_for("#confirm", "Retry 1?").await;
    page.press("confirm", "Cancel").await;
    page.wait_for("#receipt", "rejected").await;
    page.close().await;
}

#[tokio::test]
async fn a_rejected_field_is_retried_while_another_is_pending() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    hubsync
        .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Brian" }))
        .await;
    page.wait_for_change("1", "confirmed").await;
    hubsync
        .change("1", json!({ "email": "\"bad address\"@example.com" }))
        .await;
    page.wait_for("#problems", "INVALID_EMAIL").await;
    hubsync.pause(true).await;
    page.wait_for("#stage-delivery .figure", "paused").await;
    hubsync.merge("1", json!({ "firstName": "Ada" })).await;
    page.send("look-up", &[("userId", "1")]).await;
    page.wait_for("#receipt", "rejected 1, version 3 (pending)").await;
    page.wait_for("#receipt", "is invalid").await;
    page.press("receipt", "Retry").await;
    page.wait_for("#confirm", "Retry 1?").await;
    page.press("confirm", "Confirm").await;
    page.wait_for("#receipt", "sent again").await;
    page.close().await;
}
