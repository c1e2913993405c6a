//! The first connection to NATS: an absent server is waited for, and wrong credentials and old servers are errors.

use std::time::Duration;

use runtime::Shutdown;
use runtime::nats::{ConnectError, Credentials, NatsSettings, connect};
use runtime::settings::Secret;
use testing::nats::{NatsServer, Options};
use testing::ports::free_port;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::support::{CEILING, connect_to, start_server};

#[tokio::test]
async fn connecting_waits_for_a_server_started_later() {
    let port = free_port().unwrap();
    let settings = NatsSettings::at(&format!("nats://127.0.0.1:{port}")).unwrap();
    let waiting = tokio::spawn(async move { connect(&settings, "early", &Shutdown::new()).await });
    let server = NatsServer::start(Options {
        port: Some(port),
        ..Options::default()
    })
    .await
    .unwrap();
    let nats = timeout(CEILING, waiting).await.unwrap().unwrap().unwrap();
    assert_eq!(nats.epoch(), 1);
    assert_eq!(nats.server_version(), server.binary().version.to_string());
}

#[tokio::test]
async fn waiting_ends_with_the_shutdown() {
    let settings = NatsSettings::at(&format!("nats://127.0.0.1:{}", free_port().unwrap())).unwrap();
    let shutdown = Shutdown::new();
    let trigger = async { shutdown.trigger() };
    let (connect, ()) = tokio::join!(connect(&settings, "early", &shutdown), trigger);
    assert!(matches!(connect, Err(ConnectError::Stopped { .. })));
}

#[tokio::test]
async fn wrong_credentials_are_an_error_without_retry() {
    let server = NatsServer::start(Options {
        token: Some("right".to_owned()),
        ..Options::default()
    })
    .await
    .unwrap();
    let mut settings = NatsSettings::at(&server.url()).unwrap();
    for credentials in [
        Credentials::None,
        Credentials::Token(Secret::from("hunter2").into()),
    ] {
        settings.credentials = credentials;
        let error = timeout(CEILING, connect(&settings, "stranger", &Shutdown::new()))
            .await
            .unwrap()
            .unwrap_err();
        assert!(matches!(error, ConnectError::Refused { .. }), "{error}");
        assert!(
            error.to_string().contains("NATS_TOKEN") && !error.to_string().contains("hunter2"),
            "{error}"
        );
    }
    settings.credentials = Credentials::Token(Secret::from("right").into());
    assert!(
        connect(&settings, "friend", &Shutdown::new())
            .await
            .unwrap()
            .is_connected()
    );
}

#[tokio::test]
async fn a_server_before_2_10_is_rejected() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = NatsSettings::at(&format!("nats://{}", listener.local_addr().unwrap())).unwrap();
    let old_server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let info = r#"INFO {"server_id":"old","version":"2.9.10","go":"","host":"127.0.0.1","port":1,"max_payload":1024,"proto":1,"headers":true}"#;
        stream
            .write_all(format!("{info}\r\nPONG\r\n").as_bytes())
            .await
            .unwrap();
        stream.read_to_end(&mut Vec::new()).await.unwrap();
    });
    let error = timeout(CEILING, connect(&settings, "modern", &Shutdown::new()))
        .await
        .unwrap()
        .unwrap_err();
    assert!(
        matches!(&error, ConnectError::TooOld { version, .. } if version == "2.9.10"),
        "{error}"
    );
    timeout(CEILING, old_server).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_dropped_connection_is_closed() {
    let server = start_server().await;
    let nats = connect_to(&server, "short").await;
    let mut state = nats.state();
    drop(nats);
    // The client owns the sender, so the channel closes when the client is dropped.
    timeout(CEILING, async { while state.changed().await.is_ok() {} })
        .await
        .unwrap();
}

#[tokio::test]
async fn services_have_distinct_inboxes_and_names() {
    let server = start_server().await;
    let nats = connect_to(&server, "gateway").await;
    assert!(nats.client().new_inbox().starts_with("_INBOX_gateway."));
    assert!(
        nats.client()
            .timeout()
            .is_some_and(|limit| limit > Duration::ZERO)
    );
}
