//! Changes that are sent with the form, made elsewhere, or looked up.

use serde_json::json;

use crate::{hubsync::Hubsync, page::Page};

#[tokio::test]
async fn an_empty_database_is_shown_as_such() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    page.wait_for("#recent-empty", "Nothing has changed").await;
    page.wait_for("#problems-empty", "No user has a problem").await;
    assert_eq!(page.text("#backlog").await, "0");
    assert_eq!(page.text("#oldest").await, "none");
    page.close().await;
}

#[tokio::test]
async fn a_change_sent_with_the_form_is_shown_until_it_is_confirmed() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    page.mark().await;
    let fields = [("userId", "1"), ("email", "bh@hubspot.com"), ("firstName", "Ada")];
    page.send("change", &fields).await;
    page.wait_for("#change-result", "confirmed version 1 after").await;
    page.wait_for_change("1", "confirmed").await;
    assert_eq!(hubsync.state_of("1").await, "confirmed");
    // Empty fields stay unchanged.
    page.send("change", &[("email", ""), ("firstName", "Eva")]).await;
    page.wait_for("#change-result", "confirmed version 2 after").await;
    page.send("change", &[("firstName", "Eva")]).await;
    page.wait_for("#change-result", "nothing changed: version 2")
        .await;
    assert!(page.was_not_reloaded().await);
    page.close().await;
}

#[tokio::test]
async fn a_rejected_change_shows_every_error() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    page.send("change", &[("userId", "1"), ("email", "no address")])
        .await;
    page.wait_for("#change-result", "email:").await;
    page.wait_for("#recent-empty", "Nothing has changed").await;
    // The browser logs the 400.
    let logged = page.log_errors().await;
    assert!(logged.iter().all(|entry| entry.contains("400")), "{logged:?}");
    page.close().await;
}

#[tokio::test]
async fn a_change_made_elsewhere_appears_without_a_reload() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    page.mark().await;
    hubsync
        .change("ada-7", json!({ "email": "bh@hubspot.com", "firstName": "Ada" }))
        .await;
    page.wait_for_change("ada-7", "confirmed").await;
    assert!(page.was_not_reloaded().await);
    page.close().await;
}

#[tokio::test]
async fn the_values_of_a_user_are_shown_only_on_request() {
    let hubsync = Hubsync::start().await;
    hubsync
        .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Augusta" }))
        .await;
    let page = Page::open(&hubsync).await;
    page.send("look-up", &[("userId", "1")]).await;
    page.wait_for("#receipt", "confirmed").await;
    page.wait_for("#receipt", "CONTACT_FOUND").await;
    let body = page.text("body").await;
    assert!(
        !body.contains("bh@hubspot.com") && !body.contains("Augusta"),
        "{body}"
    );
    page.press("receipt", "Show values").await;
    page.wait_for("#receipt", "Augusta").await;
    page.close().await;
}

#[tokio::test]
async fn an_unknown_user_is_reported() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    page.send("look-up", &[("userId", "nobody")]).await;
    page.wait_for("#receipt", "Not found").await;
    let logged = page.log_errors().await;
    assert!(logged.iter().all(|entry| entry.contains("404")), "{logged:?}");
    page.close().await;
}

#[tokio::test]
async fn an_open_receipt_shows_changes_made_elsewhere() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    page.send("look-up", &[("userId", "1")]).await;
    page.wait_for("#receipt", "there is no such user").await;
    hubsync
        .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Ada" }))
        .await;
    page.wait_for("#receipt", "confirmed 1, version 1").await;
    hubsync.merge("1", json!({ "firstName": "Eva" })).await;
    page.wait_for("#receipt", "confirmed 1, version 2").await;
    // The browser logs each 404.
    let logged = page.log_errors().await;
    assert!(logged.iter().all(|entry| entry.contains("404")), "{logged:?}");
    page.close().await;
}
