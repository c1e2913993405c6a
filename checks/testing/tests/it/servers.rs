//! Tests with a real nats-server.

use async_nats::ConnectOptions;
use async_nats::jetstream::{self, stream};
use std::time::Duration;

use testing::nats::{NatsCluster, NatsServer, NatsServerError, Options, find};
use testing::process::Launch;
use testing::wait::until;

use crate::support::runs;

const CEILING: Duration = Duration::from_mins(1);

async fn jetstream(server: &NatsServer) -> jetstream::Context {
    jetstream::new(async_nats::connect(server.url()).await.unwrap())
}

async fn create_stream_with_a_message(server: &NatsServer) {
    let jetstream = jetstream(server).await;
    let config = stream::Config {
        name: "KEPT".to_owned(),
        subjects: vec!["kept".to_owned()],
        ..Default::default()
    };
    jetstream.create_stream(config).await.unwrap();
    jetstream
        .publish("kept", "hello".into())
        .await
        .unwrap()
        .await
        .unwrap();
}

async fn messages(server: &NatsServer) -> u64 {
    let stream = jetstream(server).await.get_stream("KEPT").await.unwrap();
    stream.cached_info().state.messages
}

#[tokio::test]
async fn a_restart_keeps_the_stream_and_the_address() {
    let mut server = NatsServer::start(Options::default()).await.unwrap();
    create_stream_with_a_message(&server).await;
    let (url, pid) = (server.url(), server.pid());
    server.restart().await.unwrap();
    assert_eq!((server.url(), messages(&server).await), (url, 1));
    assert_ne!(server.pid(), pid);
}

#[tokio::test]
async fn a_killed_server_restarts_with_its_store() {
    let mut server = NatsServer::start(Options::default()).await.unwrap();
    create_stream_with_a_message(&server).await;
    let pid = server.pid().unwrap();
    server.kill().await.unwrap();
    assert!(!runs(pid) && server.pid().is_none());
    assert!(async_nats::connect(server.url()).await.is_err());
    server.restart().await.unwrap();
    assert_eq!(messages(&server).await, 1);
}

#[tokio::test]
async fn only_a_stopped_server_can_be_wiped() {
    let mut server = NatsServer::start(Options::default()).await.unwrap();
    create_stream_with_a_message(&server).await;
    assert!(matches!(server.wipe(), Err(NatsServerError::Running)));
    server.stop().await.unwrap();
    server.wipe().unwrap();
    server.restart().await.unwrap();
    assert!(jetstream(&server).await.get_stream("KEPT").await.is_err());
}

#[tokio::test]
async fn a_token_is_required() {
    let token = "it\"s \\a $token".to_owned();
    let server = NatsServer::start(Options {
        token: Some(token.clone()),
        ..Options::default()
    })
    .await
    .unwrap();
    assert!(async_nats::connect(server.url()).await.is_err());
    ConnectOptions::with_token(token)
        .connect(server.url())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_given_folder_is_kept_with_its_store() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        folder: Some(folder.path().join("nats")),
        ..Options::default()
    };
    let mut server = NatsServer::start(options.clone()).await.unwrap();
    create_stream_with_a_message(&server).await;
    server.stop().await.unwrap();
    drop(server);
    let server = NatsServer::start(options).await.unwrap();
    assert_eq!(messages(&server).await, 1);
}

#[tokio::test]
async fn a_dropped_server_stops_and_its_folder_is_removed() {
    let mut server = NatsServer::start(Options::default()).await.unwrap();
    let (pid, folder) = (server.pid().unwrap(), server.folder().to_owned());
    assert!(folder.exists());
    drop(server);
    assert!(!runs(pid) && !folder.exists());
}

#[tokio::test]
async fn a_failed_start_shows_the_servers_log() {
    let options = Options {
        config: "no_such_setting { ".to_owned(),
        ..Options::default()
    };
    let message = NatsServer::start(options).await.unwrap_err().to_string();
    assert!(
        message.contains("nats-server ended with 1") && message.contains("Parse error"),
        "{message}"
    );
}

#[tokio::test]
async fn a_taken_port_is_reported() {
    let first = NatsServer::start(Options::default()).await.unwrap();
    let options = Options {
        port: Some(first.port()),
        ..Options::default()
    };
    let message = NatsServer::start(options).await.unwrap_err().to_string();
    assert!(message.contains("address already in use"), "{message}");
}

#[tokio::test]
async fn a_cluster_elects_another_leader() {
    let mut cluster = NatsCluster::start(3, None).await.unwrap();
    let client = async_nats::connect(cluster.url().split(',').collect::<Vec<_>>())
        .await
        .unwrap();
    let config = stream::Config {
        name: "KEPT".to_owned(),
        subjects: vec!["kept".to_owned()],
        num_replicas: 3,
        ..Default::default()
    };
    let jetstream = jetstream::new(client);
    jetstream.create_stream(config).await.unwrap();
    let first = cluster.wait_for_leader("KEPT").await.unwrap();
    cluster.node(first).kill().await.unwrap();
    until("another leader", CEILING, async || {
        let leader = cluster.leader("KEPT").await;
        leader.filter(|leader| *leader != first)
    })
    .await;
    cluster.node(first).restart().await.unwrap();
    cluster.wait_until_healthy().await.unwrap();
}

#[tokio::test]
async fn an_isolated_node_is_unhealthy_until_it_reconnects() {
    let cluster = NatsCluster::start(3, None).await.unwrap();
    cluster.isolate(1, true);
    until("the node to miss the others", CEILING, async || {
        !cluster.is_healthy(1).await
    })
    .await;
    assert!(cluster.is_healthy(0).await && cluster.is_healthy(2).await);
    cluster.isolate(1, false);
    cluster.wait_until_healthy().await.unwrap();
}

#[tokio::test]
async fn nats_server_accepts_the_configuration_for_kubernetes() {
    let config = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../deploy/kubernetes/nats/nats.conf"
    );
    let binary = find().await.unwrap();
    let mut child = Launch::new(&binary.path)
        .arg("-t")
        .arg("--config")
        .arg(config)
        .env("POD_NAME", "nats-0")
        .env("NATS_TOKEN", "a-token")
        .start()
        .await
        .unwrap();
    let code = child.wait(CEILING).await.unwrap();
    assert_eq!(code, 0, "{}", child.tail());
}
