//! Pages of other sites, with a browser that reaches the gateway.

use crate::{hubsync::Hubsync, page::Page};

#[tokio::test]
async fn a_name_that_leads_here_after_dns_rebinding_shows_nothing() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    let rebound = hubsync.console().replace("127.0.0.1", "rebound.example");
    page.go(&rebound).await;
    page.wait_for("body", "urn:hubsync:problem:unknown-host").await;
    let script = "return fetch('/sync').then((answer) => answer.status)";
    assert_eq!(page.evaluate(script).await, 421);
    let noted = page.complaints().await;
    assert!(noted.iter().all(|note| note.contains("421")), "{noted:?}");
    page.close().await;
}

#[tokio::test]
async fn a_page_of_another_origin_takes_no_place_of_those_who_watch() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    // Another port is another origin of the same site; a plain request is sent without asking first.
    page.go(&hubsync.sandbox()).await;
    let script = format!(
        "return fetch('{}sync/events', {{ mode: 'no-cors' }}).then((answer) => answer.text()).then(() => 'ended')",
        hubsync.console()
    );
    assert_eq!(
        page.evaluate(&script).await,
        "ended",
        "a stream of events would not end"
    );
    page.complaints().await;
    page.close().await;
}
