//! Pages of other sites in a browser that can reach the gateway.

use crate::{hubsync::Hubsync, page::Page};

#[tokio::test]
async fn a_rebound_name_shows_nothing() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    let rebound = hubsync.console().replace("127.0.0.1", "rebound.example");
    page.navigate(&rebound).await;
    page.wait_for("body", "urn:hubsync:problem:unknown-host").await;
    let script = "return fetch('/sync').then((answer) => answer.status)";
    assert_eq!(page.evaluate(script).await, 421);
    let logged = page.log_errors().await;
    assert!(logged.iter().all(|entry| entry.contains("421")), "{logged:?}");
    page.close().await;
}

#[tokio::test]
async fn a_page_of_another_origin_cannot_open_an_event_stream() {
    let hubsync = Hubsync::start().await;
    let page = Page::open(&hubsync).await;
    // Another port is another origin of the same site. The browser sends a plain request to it without asking first.
    page.navigate(&hubsync.sandbox()).await;
    let script = format!(
        "return fetch('{}sync/events', {{ mode: 'no-cors' }}).then((answer) => answer.text()).then(() => 'ended')",
        hubsync.console()
    );
    assert_eq!(
        page.evaluate(&script).await,
        "ended",
        "a stream of events would not end"
    );
    page.log_errors().await;
    page.close().await;
}
