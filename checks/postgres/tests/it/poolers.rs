//! PgBouncer between the user service and the server: it works, or it is refused with the cause, and nothing that was
//! accepted is lost or ends up in another row.

use sqlx::{Connection, PgConnection};
use testing::postgres::{Options, PgBouncer, PoolerOptions, PostgresServer};
use testing::proxy::Proxy;
use testing::wait::until;
use user::store::{self, OpenError, PoolMode, Unfit};

use crate::desk::{CEILING, Desk};
use crate::flood::Flood;

const USERS: usize = 40;

/// A server that would answer commits before they are flushed.
async fn careless_server() -> PostgresServer {
    let settings = vec![("synchronous_commit".to_owned(), "off".to_owned())];
    let options = Options {
        settings,
        ..Options::default()
    };
    let server = PostgresServer::start(options).await;
    server.unwrap_or_else(|error| panic!("{error}"))
}

async fn pooler(server: &PostgresServer, options: PoolerOptions) -> PgBouncer {
    let pooler = PgBouncer::start(server.port(), options).await;
    pooler.unwrap_or_else(|error| panic!("{error}"))
}

/// Waits until changes are refused because of a pooler in that mode.
async fn refusal(desk: &Desk, mode: &str) {
    let cause = format!("connection pooler in {mode} mode");
    until("a refusal that names the pooler", CEILING, async || {
        let check = desk.check("database");
        check.filter(|check| !check.ok && check.detail.contains(&cause))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_session_mode_what_was_accepted_outlives_a_killed_server_that_would_not_flush() {
    for options in [
        PoolerOptions::as_installed("session"),
        PoolerOptions::as_usual("session"),
        // Sessions that are not cleaned up between clients.
        PoolerOptions::as_usual("session").with("server_reset_query", ""),
    ] {
        let mut server = careless_server().await;
        let pooler = pooler(&server, options).await;
        let desk = Desk::at_url(&pooler.url()).await;
        let mut flood = Flood::of(USERS);
        for _ in 0..3 {
            flood
                .during(&desk, async {
                    until("changes", CEILING, async || desk.update("probe", "Ada").await).await;
                    server.kill().await.unwrap();
                    server.start_again().await.unwrap();
                    until("changes again", CEILING, async || {
                        desk.update("probe", "Eva").await
                    })
                    .await;
                })
                .await;
            flood.check(&server).await;
        }
        assert!(flood.accepted > 0, "no change was accepted");
        desk.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_session_mode_neither_a_killed_pooler_nor_ended_idle_connections_lose_a_change() {
    let server = careless_server().await;
    let mut beside = PgConnection::connect(&server.url()).await.unwrap();
    let options = PoolerOptions::as_installed("session")
        .with("server_lifetime", "1")
        .with("server_idle_timeout", "1");
    let mut pooler = pooler(&server, options).await;
    let desk = Desk::at_url(&pooler.url()).await;
    let mut flood = Flood::of(USERS);
    flood
        .during(&desk, async {
            until("changes", CEILING, async || desk.update("probe", "Ada").await).await;
            pooler.kill().await.unwrap();
            pooler.start_again().await.unwrap();
            until("changes again", CEILING, async || {
                desk.update("probe", "Eva").await
            })
            .await;
        })
        .await;
    flood.check(&server).await;
    assert!(desk.row("probe").await.is_some());
    // Nobody asks for anything, and every session ends.
    let idle = "ALTER ROLE hubsync SET idle_session_timeout = '200ms'; \
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hubsync user'";
    sqlx::raw_sql(idle).execute(&mut beside).await.unwrap();
    until("sessions that have ended", CEILING, async || {
        let left = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'hubsync user'";
        let left = sqlx::query_scalar::<_, i64>(left).fetch_one(&mut beside).await;
        left.unwrap() == 0
    })
    .await;
    let version = desk.update("probe", "Joan").await.unwrap().sync.version;
    assert_eq!(desk.row("probe").await.unwrap().version, version);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_transaction_and_statement_mode_it_is_refused_at_the_start_with_the_cause() {
    let server = careless_server().await;
    for (name, mode) in [
        ("transaction", PoolMode::Transaction),
        ("statement", PoolMode::Statement),
    ] {
        for options in [
            PoolerOptions::as_installed(name),
            PoolerOptions::as_usual(name),
            PoolerOptions::as_usual(name).with("default_pool_size", "1"),
            PoolerOptions::as_usual(name).with("server_round_robin", "1"),
            PoolerOptions::as_usual(name).with("server_reset_query_always", "1"),
        ] {
            let described = format!("{options:?}");
            let pooler = pooler(&server, options).await;
            let database = pooler.url().parse().unwrap();
            for refused in [
                store::open(&database).await.map(drop),
                store::migrate(&database).await,
                store::examine(&database).await.map(drop),
            ] {
                match refused {
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
    let mut beside = PgConnection::connect(&server.url()).await.unwrap();
    let tables = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'");
    assert_eq!(
        tables.fetch_one(&mut beside).await.unwrap(),
        0,
        "nothing was changed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_that_leaves_session_mode_is_refused_until_it_is_back_and_nothing_is_lost() {
    let server = careless_server().await;
    let mut pooler = pooler(&server, PoolerOptions::as_usual("session")).await;
    let desk = Desk::at_url(&pooler.url()).await;
    let mut flood = Flood::of(USERS);
    for mode in ["transaction", "statement", "transaction"] {
        flood
            .during(&desk, async {
                until("changes", CEILING, async || desk.update("probe", "Ada").await).await;
                pooler.reload(mode).await.unwrap();
                refusal(&desk, mode).await;
                pooler.reload("session").await.unwrap();
                until("changes again", CEILING, async || {
                    desk.update("probe", "Eva").await
                })
                .await;
                until("readiness", CEILING, async || desk.is_well()).await;
            })
            .await;
        flood.check(&server).await;
    }
    assert!(flood.accepted > 0 && flood.refused > 0);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_in_transaction_mode_that_is_put_in_between_is_refused_and_nothing_is_lost() {
    let mut server = careless_server().await;
    let pooler = pooler(&server, PoolerOptions::as_usual("transaction")).await;
    // One address for both, as a name gives it.
    let address = Proxy::start(server.port()).await.unwrap();
    let desk = Desk::over(&server, address.port()).await;
    let mut flood = Flood::of(USERS);
    flood
        .during(&desk, async {
            until("changes", CEILING, async || desk.update("probe", "Ada").await).await;
            address.lead_to(pooler.port());
            address.cut();
            refusal(&desk, "transaction").await;
            server.kill().await.unwrap();
            server.start_again().await.unwrap();
            address.lead_to(server.port());
            address.cut();
            until("changes again", CEILING, async || {
                desk.update("probe", "Eva").await
            })
            .await;
        })
        .await;
    flood.check(&server).await;
    assert!(flood.accepted > 0 && flood.refused > 0);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_over_a_pooler_in_transaction_mode_are_right_or_refused() {
    let server = careless_server().await;
    let mut pooler = pooler(&server, PoolerOptions::as_usual("session")).await;
    let desk = Desk::at_url(&pooler.url()).await;
    for user in 0..USERS {
        desk.update(&format!("u{user}"), &format!("Ada{user}"))
            .await
            .unwrap();
    }
    let read = async |user: usize| match desk.try_row(&format!("u{user}")).await {
        Ok(row) => {
            let row = row.expect("a user that was made");
            let name = row.user().values[&contracts::Field::FIRST_NAME].clone();
            assert_eq!(name, Some(format!("Ada{user}")));
            Read::Right
        }
        Err(store::StoreError::Unfit(Unfit::Pooler { .. })) => Read::Refused,
        // On a loaded machine.
        Err(store::StoreError::Unavailable(_)) => Read::TooLate,
        Err(error) => panic!("{error:?}"),
    };
    let all = || futures_util::future::join_all((0..USERS).map(read));
    let all_right = async || all().await.iter().all(|read| *read == Read::Right);
    until("reads that are right", CEILING, all_right).await;
    pooler.reload("transaction").await.unwrap();
    until("a read that is refused", CEILING, async || {
        all().await.contains(&Read::Refused)
    })
    .await;
    pooler.reload("session").await.unwrap();
    until("reads that are right again", CEILING, all_right).await;
    desk.close().await;
}

#[derive(Debug, PartialEq, Eq)]
enum Read {
    Right,
    Refused,
    TooLate,
}
