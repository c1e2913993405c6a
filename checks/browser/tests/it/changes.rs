//! Changes: sent with the form, made elsewhere, looked up.

use serde_json::json;

use crate::{hubsync::Hubsync, page::Page};

#[tokio::test]
async fn before_anything_happens_the_page_says_so() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    page.wait_for("#recent-empty", "Nothing has changed").await;
    page.wait_for("#troubles-empty", "No user is in trouble").await;
    assert_eq!(page.text("#backlog").await, "0");
    assert_eq!(page.text("#oldest").await, "none");
    page.close().await;
}

#[tokio::test]
async fn a_change_sent_with_the_form_is_followed_until_it_is_confirmed() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    page.mark().await;
    let fields = [("userId", "1"), ("email", "bh@hubspot.com"), ("firstName", "Ada")];
    page.send("change", &fields).await;
    page.wait_for("#change-result", "confirmed version 1 after").await;
    page.wait_for_change("1", "confirmed").await;
    assert_eq!(hubsync.state_of("1").await, "confirmed");
    // What is left empty stays as it is.
    page.send("change", &[("email", ""), ("firstName", "Eva")]).await;
    page.wait_for("#change-result", "confirmed version 2 after").await;
    assert!(page.was_not_reloaded().await);
    page.close().await;
}

#[tokio::test]
async fn a_change_that_is_refused_names_every_fault() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    page.send("change", &[("userId", "1"), ("email", "no address")])
        .await;
    page.wait_for("#change-result", "email:").await;
    page.wait_for("#recent-empty", "Nothing has changed").await;
    // The browser notes the 400 in its log.
    let noted = page.complaints().await;
    assert!(noted.iter().all(|note| note.contains("400")), "{noted:?}");
    page.close().await;
}

#[tokio::test]
async fn a_change_made_elsewhere_passes_from_pending_to_confirmed_without_a_reload() {
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
async fn a_users_values_are_shown_to_whoever_asks_for_them_and_not_before() {
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
    page.press("receipt", "Show its values").await;
    page.wait_for("#receipt", "Augusta").await;
    page.close().await;
}

#[tokio::test]
async fn a_user_that_nobody_knows_is_said_to_be_unknown() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    page.send("look-up", &[("userId", "nobody")]).await;
    page.wait_for("#receipt", "Not found").await;
    let noted = page.complaints().await;
    assert!(noted.iter().all(|note| note.contains("404")), "{noted:?}");
    page.close().await;
}

#[tokio::test]
async fn an_open_receipt_follows_changes_that_are_made_elsewhere() {
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
    // The browser notes each 404 in its log.
    let noted = page.complaints().await;
    assert!(noted.iter().all(|note| note.contains("404")), "{noted:?}");
    page.close().await;
}
