//! The connection is lost and restored.

use std::time::{Duration, Instant};

use async_nats::HeaderMap;
use async_nats::jetstream::stream;
use runtime::nats::RequestError;
use testing::wait::until;
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::support::{CEILING, connect_to, serve_echo, start_server};

#[tokio::test]
async fn requests_without_a_connection_fail_and_are_never_sent() {
    let mut server = start_server().await;
    let nats = connect_to(&server, "caller").await;
    // A stream stores and acknowledges every message on its subject, so a request that was sent would be found there.
    let config = stream::Config {
        name: "SEEN".to_owned(),
        subjects: vec!["seen".to_owned()],
        ..Default::default()
    };
    nats.jetstream().create_stream(config).await.unwrap();
    let epoch = nats.epoch();
    server.kill().await.unwrap();
    timeout(CEILING, nats.wait_until_disconnected()).await.unwrap();
    assert!(!nats.is_connected());
    for _ in 0..1_000 {
        let answer = nats
            .request("seen", HeaderMap::new(), "x".into(), Duration::from_mins(10))
            .await;
        assert!(matches!(answer, Err(RequestError::Disconnected)));
    }
    server.restart().await.unwrap();
    assert!(timeout(CEILING, nats.wait_for_reconnect(epoch)).await.unwrap() > epoch);
    nats.request("seen", HeaderMap::new(), "x".into(), CEILING)
        .await
        .unwrap();
    let stream = nats.jetstream().get_stream("SEEN").await.unwrap();
    assert_eq!(
        stream.cached_info().state.messages,
        1,
        "only the request after the reconnect arrives"
    );
}

#[tokio::test]
async fn requests_succeed_soon_after_a_long_outage() {
    let mut server = start_server().await;
    let nats = connect_to(&server, "caller").await;
    serve_echo(&nats, "echo").await;
    server.kill().await.unwrap();
    timeout(CEILING, nats.wait_until_disconnected()).await.unwrap();
    // The outage is so long that the delay between two attempts has reached its maximum.
    let in_vain = TcpListener::bind(("127.0.0.1", server.port())).await.unwrap();
    for _ in 0..12 {
        drop(timeout(CEILING, in_vain.accept()).await.unwrap().unwrap());
    }
    drop(in_vain);
    server.restart().await.unwrap();
    let start = Instant::now();
    until("an answer", CEILING, async || {
        nats.request("echo", HeaderMap::new(), "x".into(), Duration::from_secs(1))
            .await
            .map(drop)
    })
    .await;
    let elapsed = start.elapsed();
    assert!(
        elapsed < Duration::from_secs(2),
        "{elapsed:?}: the library alone would wait up to four seconds"
    );
}

#[tokio::test]
async fn a_silent_loss_of_the_connection_is_noticed() {
    let mut server = start_server().await;
    let nats = connect_to(&server, "caller").await;
    server.running().unwrap().pause().unwrap();
    timeout(CEILING, nats.wait_until_disconnected()).await.unwrap();
    let epoch = nats.epoch();
    server.running().unwrap().resume().unwrap();
    timeout(CEILING, nats.wait_for_reconnect(epoch)).await.unwrap();
}
