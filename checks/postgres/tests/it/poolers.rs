//! PgBouncer between the user service and the server. It works in session mode and is rejected with the cause in other
//! modes. In every mode, no accepted change is lost or written to another row.

use sqlx::{Connection, PgConnection};
use testing::postgres::{Options, PgBouncer, PoolerOptions, PostgresServer};
use testing::proxy::Proxy;
use testing::wait::until;
use user::store::{self, OpenError, PoolMode, Unfit};

use crate::support::concurrent_changes::ConcurrentChanges;
use crate::support::user_service::{CEILING, UserService};

const USERS: usize = 40;

/// Starts a server that by default answers commits before they are flushed.
async fn unflushed_server() -> PostgresServer {
    let settings = vec![("synchronous_commit".to_owned(), "off".to_owned())];
    let options = Options {
        settings,
        ..Options::default()
    };
    let server = PostgresServer::start(options).await;
    server.unwrap_or_else(|error| panic!("{error}"))
}

/// Starts a pooler in front of the server.
async fn pooler(server: &PostgresServer, options: PoolerOptions) -> PgBouncer {
    let pooler = PgBouncer::start(server.port(), options).await;
    pooler.unwrap_or_else(|error| panic!("{error}"))
}

/// Waits until `/readyz` reports a pooler in this mode.
async fn wait_for_pooler_error(service: &UserService, mode: &str) {
    let cause = format!("connection pooler in {mode} mode");
    until("a failed check that names the pooler", CEILING, async || {
        let check = service.check("database");
        check.filter(|check| !check.ok && check.detail.contains(&cause))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_session_mode_a_killed_server_loses_no_change() {
    for options in [
        PoolerOptions::with_defaults("session"),
        PoolerOptions::ignoring_startup_parameters("session"),
        // With this setting, PgBouncer does not reset a session between clients.
        PoolerOptions::ignoring_startup_parameters("session").with("server_reset_query", ""),
    ] {
        let mut server = unflushed_server().await;
        let pooler = pooler(&server, options).await;
        let service = UserService::start_at(&pooler.url()).await;
        let mut changes = ConcurrentChanges::of_users(USERS);
        for _ in 0..3 {
            changes
                .run_during(&service, async {
                    until("changes", CEILING, async || service.update("probe", "Ada").await).await;
                    server.kill().await.unwrap();
                    server.restart().await.unwrap();
                    until("changes again", CEILING, async || {
                        service.update("probe", "Eva").await
                    })
                    .await;
                })
                .await;
            changes.check(&server).await;
        }
        assert!(changes.accepted > 0, "no change was accepted");
        service.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_session_mode_lost_connections_lose_no_change() {
    let server = unflushed_server().await;
    let mut connection = PgConnection::connect(&server.url()).await.unwrap();
    let options = PoolerOptions::with_defaults("session")
        .with("server_lifetime", "1")
        .with("server_idle_timeout", "1");
    let mut pooler = pooler(&server, options).await;
    let service = UserService::start_at(&pooler.url()).await;
    let mut changes = ConcurrentChanges::of_users(USERS);
    changes
        .run_during(&service, async {
            until("changes", CEILING, async || service.update("probe", "Ada").await).await;
            pooler.kill().await.unwrap();
            pooler.restart().await.unwrap();
            until("changes again", CEILING, async || {
                service.update("probe", "Eva").await
            })
            .await;
        })
        .await;
    changes.check(&server).await;
    assert!(service.row("probe").await.is_some());
    // All sessions end while the service sends no statement.
    let idle = "ALTER ROLE hubsync SET idle_session_timeout = '200ms'; \
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hubsync user'";
    sqlx::raw_sql(idle).execute(&mut connection).await.unwrap();
    until("the end of all sessions", CEILING, async || {
        let left = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'hubsync user'";
        let left = sqlx::query_scalar::<_, i64>(left)
            .fetch_one(&mut connection)
            .await;
        left.unwrap() == 0
    })
    .await;
    let version = service.update("probe", "Joan").await.unwrap().sync.version;
    assert_eq!(service.row("probe").await.unwrap().version, version);
    service.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_pool_modes_are_rejected_at_the_start() {
    let server = unflushed_server().await;
    for (name, mode) in [
        ("transaction", PoolMode::Transaction),
        ("statement", PoolMode::Statement),
    ] {
        for options in [
            PoolerOptions::with_defaults(name),
            PoolerOptions::ignoring_startup_parameters(name),
            PoolerOptions::ignoring_startup_parameters(name).with("default_pool_size", "1"),
            PoolerOptions::ignoring_startup_parameters(name).with("server_round_robin", "1"),
            PoolerOptions::ignoring_startup_parameters(name).with("server_reset_query_always", "1"),
        ] {
            let described = format!("{options:?}");
            let pooler = pooler(&server, options).await;
            let database = pooler.url().parse().unwrap();
            for rejected in [
                store::open(&database).await.map(drop),
                store::migrate(&database).await,
                store::examine(&database).await.map(drop),
            ] {
                match rejected {
                    Err(OpenError::Unfit(unfit @ Unfit::Pooler { mode: found })) if found == mode => {
                        let message = unfit.to_string();
                        assert!(
                            message.contains(name) && message.contains("pool_mode"),
                            "{message}"
                        );
                    }
                    other => panic!("{described}: {other:?}"),
                }
            }
        }
    }
    let mut connection = PgConnection::connect(&server.url()).await.unwrap();
    let tables = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'");
    assert_eq!(
        tables.fetch_one(&mut connection).await.unwrap(),
        0,
        "no table was created"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_is_rejected_while_it_is_not_in_session_mode() {
    let server = unflushed_server().await;
    let mut pooler = pooler(&server, PoolerOptions::ignoring_startup_parameters("session")).await;
    let service = UserService::start_at(&pooler.url()).await;
    let mut changes = ConcurrentChanges::of_users(USERS);
    for mode in ["transaction", "statement", "transaction"] {
        changes
            .run_during(&service, async {
                until("changes", CEILING, async || service.update("probe", "Ada").await).await;
                pooler.reload(mode).await.unwrap();
                wait_for_pooler_error(&service, mode).await;
                pooler.reload("session").await.unwrap();
                until("changes again", CEILING, async || {
                    service.update("probe", "Eva").await
                })
                .await;
                until("readiness", CEILING, async || service.is_healthy()).await;
            })
            .await;
        changes.check(&server).await;
    }
    assert!(changes.accepted > 0 && changes.rejected > 0);
    service.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_added_pooler_in_transaction_mode_is_rejected() {
    let mut server = unflushed_server().await;
    let pooler = pooler(&server, PoolerOptions::ignoring_startup_parameters("transaction")).await;
    // One address leads to the server and then to the pooler, like a host name.
    let address = Proxy::start(server.port()).await.unwrap();
    let service = UserService::start_through(&server, address.port()).await;
    let mut changes = ConcurrentChanges::of_users(USERS);
    changes
        .run_during(&service, async {
            until("changes", CEILING, async || service.update("probe", "Ada").await).await;
            address.set_target(pooler.port());
            address.cut();
            wait_for_pooler_error(&service, "transaction").await;
            server.kill().await.unwrap();
            server.restart().await.unwrap();
            address.set_target(server.port());
            address.cut();
            until("changes again", CEILING, async || {
                service.update("probe", "Eva").await
            })
            .await;
        })
        .await;
    changes.check(&server).await;
    assert!(changes.accepted > 0 && changes.rejected > 0);
    service.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_in_transaction_mode_are_correct_or_rejected() {
    let server = unflushed_server().await;
    let mut pooler = pooler(&server, PoolerOptions::ignoring_startup_parameters("session")).await;
    let service = UserService::start_at(&pooler.url()).await;
    for user in 0..USERS {
        service
            .update(&format!("u{user}"), &format!("Ada{user}"))
            .await
            .unwrap();
    }
    let read = async |user: usize| match service.try_row(&format!("u{user}")).await {
        Ok(row) => {
            let row = row.expect("a user that was made");
            let name = row.values()[&contracts::Field::FIRST_NAME].clone();
            assert_eq!(name, Some(format!("Ada{user}").into()));
            Read::Correct
        }
        Err(store::StoreError::Unfit(Unfit::Pooler { .. })) => Read::Rejected,
        // This happens on a loaded machine.
        Err(store::StoreError::Unavailable(_)) => Read::TimedOut,
        Err(error) => panic!("{error:?}"),
    };
    let read_all = || futures_util::future::join_all((0..USERS).map(read));
    let all_correct = async || read_all().await.iter().all(|read| *read == Read::Correct);
    until("correct reads", CEILING, all_correct).await;
    pooler.reload("transaction").await.unwrap();
    until("a rejected read", CEILING, async || {
        read_all().await.contains(&Read::Rejected)
    })
    .await;
    pooler.reload("session").await.unwrap();
    until("correct reads again", CEILING, all_correct).await;
    service.close().await;
}

#[derive(Debug, PartialEq, Eq)]
enum Read {
    Correct,
    Rejected,
    TimedOut,
}
