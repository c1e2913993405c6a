//! Shutdown while requests are in progress.

use std::sync::Arc;
use std::time::{Duration, Instant};

use api_gateway::Limits;
use testing::wait::until;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::harness::{CEILING, Gateway};
use crate::scripted_user_service::{Reaction, ScriptedUserService, updated};

#[tokio::test]
async fn a_request_in_progress_is_finished_and_no_other_accepted() {
    let gateway = Gateway::start().await;
    let allowed = Arc::new(Notify::new());
    let held = Reaction::AnswerLater(updated(7), Arc::clone(&allowed));
    let scripted_user_service = ScriptedUserService::start(&gateway, vec![held]).await;
    let in_work = tokio::spawn(gateway.valid_change().send());
    scripted_user_service.wait_for_requests(1).await;

    gateway.stop();
    let address = gateway.address;
    until("the listener to be closed", CEILING, async || {
        TcpStream::connect(address).await.is_err()
    })
    .await;
    assert!(!in_work.is_finished());
    allowed.notify_one();

    assert_eq!(in_work.await.unwrap().unwrap().status(), 200);
    gateway.stopped().await.unwrap();
}

#[tokio::test]
async fn an_idle_connection_does_not_delay_the_shutdown() {
    let gateway = Gateway::start().await;
    // The client keeps its connection for the next request.
    assert_eq!(gateway.get("/healthz").await.status(), 200);
    let start = Instant::now();
    gateway.stop();
    gateway.stopped().await.unwrap();
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_hanging_request_delays_the_shutdown_by_eight_seconds() {
    let limits = Limits {
        deadline: Duration::from_secs(100),
        ..Limits::default()
    };
    let gateway = Gateway::start_with(limits).await;
    let scripted_user_service = ScriptedUserService::start(&gateway, vec![Reaction::Silence]).await;
    let in_work = tokio::spawn(gateway.valid_change().send());
    scripted_user_service.wait_for_requests(1).await;
    let start = Instant::now();
    gateway.stop();
    gateway.stopped().await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(8), "{:?}", start.elapsed());
    in_work.abort();
}
