//! Settings under which what is accepted could be lost, or not be stored.

use testing::postgres::{Options, PostgresServer};
use user::store::{self, OpenError};

async fn refused(name: &str, value: &str) -> String {
    let settings = vec![(name.to_owned(), value.to_owned())];
    let server = PostgresServer::start(Options { settings }).await;
    let server = server.unwrap_or_else(|error| panic!("{error}"));
    match store::open(&server.url().parse().unwrap()).await {
        Err(error @ OpenError::Unfit { .. }) => error.to_string(),
        Err(other) => panic!("refused for another reason: {other}"),
        Ok(_) => panic!("{name}={value} was taken"),
    }
}

#[tokio::test]
async fn a_server_that_does_not_flush_is_refused() {
    let message = refused("fsync", "off").await;
    assert!(message.contains("fsync is off, but must be on"), "{message}");
}

#[tokio::test]
async fn a_server_that_takes_no_writes_is_refused() {
    let message = refused("default_transaction_read_only", "on").await;
    assert!(message.contains("transaction_read_only is on"), "{message}");
}

#[tokio::test]
async fn commits_are_flushed_though_the_server_would_not() {
    let settings = vec![("synchronous_commit".to_owned(), "off".to_owned())];
    let server = PostgresServer::start(Options { settings }).await;
    let mut server = server.unwrap_or_else(|error| panic!("{error}"));
    let desk = crate::desk::Desk::at(&server).await;
    for round in 1..=5 {
        assert_eq!(desk.update("1", "Ada").await.unwrap().sync.version, round);
        server.kill().await.unwrap();
        server.start_again().await.unwrap();
        assert_eq!(desk.row("1").await.unwrap().version, round);
    }
    desk.close().await;
}

#[tokio::test]
async fn nobody_there_may_pass_and_a_wrong_name_does_not() {
    let mut server = crate::desk::server().await;
    let wrong = server.url().replace("/postgres", "/nowhere");
    let passes = async |url: &str| match store::open(&url.parse().unwrap()).await {
        Err(OpenError::Open { passes, .. }) => passes,
        Err(other) => panic!("refused for another reason: {other}"),
        Ok(_) => panic!("{url} was opened"),
    };
    assert!(!passes(&wrong).await);
    server.stop().await.unwrap();
    assert!(passes(&server.url()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn services_that_start_at_once_migrate_once() {
    let server = crate::desk::server().await;
    let url = server.url();
    let opening = (0..4).map(|_| async {
        let opened = store::open(&url.parse().unwrap()).await.unwrap();
        opened.close().await.unwrap();
    });
    futures_util::future::join_all(opening).await;
}
