//! Settings under which what is accepted could be lost, or not be stored.

use contracts::{ErrorCode, Field};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use testing::postgres::{Options, PgBouncer, PoolerOptions, PostgresServer};
use testing::wait::until;
use user::store::{self, OpenError};

use crate::desk::CEILING;

async fn refused(name: &str, value: &str) -> String {
    let settings = vec![(name.to_owned(), value.to_owned())];
    let server = PostgresServer::start(Options {
        settings,
        ..Options::default()
    })
    .await;
    let server = server.unwrap_or_else(|error| panic!("{error}"));
    match store::open(&server.url().parse().unwrap()).await {
        Err(error @ OpenError::Unfit { .. }) => error.to_string(),
        Err(other) => panic!("refused for another reason: {other}"),
        Ok(_) => panic!("{name}={value} was taken"),
    }
}

#[tokio::test]
async fn a_server_that_does_not_flush_is_refused() {
    for setting in ["fsync", "full_page_writes"] {
        let message = refused(setting, "off").await;
        let expected = format!("{setting} is off, but must be on");
        assert!(message.contains(&expected), "{message}");
    }
}

#[tokio::test]
async fn a_server_that_takes_no_writes_is_refused() {
    let message = refused("default_transaction_read_only", "on").await;
    assert!(message.contains("transaction_read_only is on"), "{message}");
}

#[tokio::test]
async fn commits_are_flushed_though_the_server_would_not() {
    let settings = vec![("synchronous_commit".to_owned(), "off".to_owned())];
    let server = PostgresServer::start(Options {
        settings,
        ..Options::default()
    })
    .await;
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
    let is_transient = async |url: &str| match store::open(&url.parse().unwrap()).await {
        Err(OpenError::Open { is_transient, .. }) => is_transient,
        Err(other) => panic!("refused for another reason: {other}"),
        Ok(_) => panic!("{url} was opened"),
    };
    assert!(!is_transient(&wrong).await);
    server.stop().await.unwrap();
    assert!(is_transient(&server.url()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_outlive_a_crash_before_the_first_change_though_the_server_would_not_flush() {
    for _ in 0..5 {
        let settings = vec![("synchronous_commit".to_owned(), "off".to_owned())];
        let server = PostgresServer::start(Options {
            settings,
            ..Options::default()
        });
        let mut server = server.await.unwrap_or_else(|error| panic!("{error}"));
        let desk = crate::desk::Desk::at(&server).await;
        server.kill().await.unwrap();
        server.start_again().await.unwrap();
        assert!(desk.row("1").await.is_none());
        assert_eq!(desk.update("1", "Ada").await.unwrap().sync.version, 1);
        desk.close().await;
    }
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

/// Settings that others make for the database and the role that we use, and that would break promises of ours.
const CARELESS: [(&str, &str); 13] = [
    ("synchronous_commit", "off"),
    ("default_transaction_isolation", "serializable"),
    ("default_transaction_deferrable", "on"),
    ("statement_timeout", "50ms"),
    ("lock_timeout", "1ms"),
    ("idle_in_transaction_session_timeout", "1ms"),
    // PostgreSQL has it from version 17 on.
    ("transaction_timeout", "20ms"),
    ("client_encoding", "LATIN1"),
    ("timezone", "Pacific/Chatham"),
    ("datestyle", "German"),
    ("standard_conforming_strings", "off"),
    ("bytea_output", "escape"),
    ("plan_cache_mode", "force_generic_plan"),
];

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_the_database_and_the_role_change_nothing() {
    let mut server = crate::desk::server().await;
    let mut beside = PgConnection::connect(&server.url()).await.unwrap();
    for (name, value) in CARELESS {
        let known = sqlx::query_scalar::<_, bool>("SELECT current_setting($1, true) IS NOT NULL").bind(name);
        if !known.fetch_one(&mut beside).await.unwrap() {
            continue;
        }
        for of in ["DATABASE postgres", "ROLE hubsync"] {
            let set = format!("ALTER {of} SET {name} = '{value}'");
            sqlx::raw_sql(AssertSqlSafe(set))
                .execute(&mut beside)
                .await
                .unwrap();
        }
    }
    let desk = crate::desk::Desk::at(&server).await;
    for round in 1..=3 {
        assert_eq!(desk.update("1", "Zoë").await.unwrap().sync.version, round);
        server.kill().await.unwrap();
        server.start_again().await.unwrap();
        let row = desk.row("1").await.unwrap();
        assert_eq!(
            (row.version, row.user().values[&Field::FIRST_NAME].as_deref()),
            (round, Some("Zoë"))
        );
    }
    assert_eq!(desk.check("clock").map(|check| check.ok), Some(true));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_told_not_to_flush_while_we_run_is_refused_with_the_cause_until_it_does() {
    let server = crate::desk::server().await;
    let mut beside = PgConnection::connect(&server.url()).await.unwrap();
    let desk = crate::desk::Desk::at(&server).await;
    for (setting, shown, back) in [
        ("fsync", "fsync is off", "on"),
        ("full_page_writes", "full_page_writes is off", "on"),
        (
            "default_transaction_read_only",
            "transaction_read_only is on",
            "off",
        ),
    ] {
        desk.update("1", "Ada").await.unwrap();
        let wrong = if back == "on" { "off" } else { "on" };
        alter(&mut beside, setting, wrong).await;
        until("a refusal with the cause", CEILING, async || {
            let refused = desk.update("1", "Eva").await.err()?;
            assert_eq!(refused.code, ErrorCode::Unavailable);
            desk.check("database")
                .filter(|check| !check.ok && check.detail.contains(shown))
        })
        .await;
        alter(&mut beside, setting, back).await;
        until("a change that is taken", CEILING, async || {
            desk.update("1", "Joan").await
        })
        .await;
        assert!(desk.is_well());
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stronger_promise_of_the_server_is_kept_also_when_it_is_made_while_we_run() {
    let server = crate::desk::server().await;
    let mut beside = PgConnection::connect(&server.url()).await.unwrap();
    let desk = crate::desk::Desk::at(&server).await;
    // It says for each change under which setting it is committed.
    let watched = "CREATE TABLE seen (found text); CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS \
        $$ BEGIN INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$; \
        CREATE TRIGGER watch AFTER INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION watch()";
    sqlx::raw_sql(watched).execute(&mut beside).await.unwrap();
    for (set, used) in [
        ("off", "on"),
        ("local", "on"),
        ("remote_write", "on"),
        ("on", "on"),
        ("remote_apply", "remote_apply"),
        ("off", "on"),
    ] {
        alter(&mut beside, "synchronous_commit", set).await;
        until("a change under it", CEILING, async || {
            desk.update("1", "Ada").await.unwrap();
            let seen = sqlx::query_scalar::<_, String>("DELETE FROM seen RETURNING found");
            let seen = seen.fetch_one(&mut beside).await.unwrap();
            // Never less than it promises, and soon what the server is set to.
            assert!(seen == "on" || seen == "remote_apply", "{set}: {seen}");
            if seen == used { Ok(()) } else { Err(seen) }
        })
        .await;
    }
    desk.close().await;
}

/// As an operator who edits the server's file and reloads it.
async fn alter(beside: &mut PgConnection, name: &str, value: &str) {
    for statement in [
        format!("ALTER SYSTEM SET {name} = {value}"),
        "SELECT pg_reload_conf()".to_owned(),
    ] {
        sqlx::raw_sql(AssertSqlSafe(statement))
            .execute(&mut *beside)
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_in_the_address_hold_on_each_connection_and_are_not_sent_when_it_is_made() {
    let server = crate::desk::server().await;
    let mut beside = PgConnection::connect(&server.url()).await.unwrap();
    sqlx::raw_sql("CREATE SCHEMA app")
        .execute(&mut beside)
        .await
        .unwrap();
    let pooler = PgBouncer::start(server.port(), PoolerOptions::as_installed("session")).await;
    let pooler = pooler.unwrap_or_else(|error| panic!("{error}"));
    let url = format!(
        "{}?options=-c%20search_path%3Dapp%20-c%20synchronous_commit%3Dremote_apply",
        pooler.url()
    );
    let desk = crate::desk::Desk::at_url(&url).await;
    desk.update("1", "Ada").await.unwrap();
    assert!(desk.row("1").await.is_some());
    let stored = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM app.users");
    assert_eq!(stored.fetch_one(&mut beside).await.unwrap(), 1);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_path_that_is_changed_while_we_run_leads_to_no_other_table() {
    let mut server = crate::desk::server().await;
    let desk = crate::desk::Desk::at(&server).await;
    desk.update("1", "Ada").await.unwrap();
    let mut beside = PgConnection::connect(&server.url()).await.unwrap();
    let other = "CREATE SCHEMA other; CREATE TABLE other.users (LIKE public.users INCLUDING ALL); \
        CREATE TABLE other.lease (LIKE public.lease INCLUDING ALL); INSERT INTO other.lease SELECT * FROM public.lease; \
        ALTER DATABASE postgres SET search_path = other, public";
    sqlx::raw_sql(other).execute(&mut beside).await.unwrap();
    // So that each connection is made anew.
    server.stop().await.unwrap();
    server.start_again().await.unwrap();
    assert_eq!(desk.update("1", "Eva").await.unwrap().sync.version, 2);
    assert_eq!(desk.row("1").await.unwrap().version, 2);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_a_crash_would_empty_are_refused() {
    let server = crate::desk::server().await;
    crate::desk::Desk::at(&server).await.close().await;
    let mut beside = PgConnection::connect(&server.url()).await.unwrap();
    sqlx::raw_sql("ALTER TABLE users SET UNLOGGED")
        .execute(&mut beside)
        .await
        .unwrap();
    match store::open(&server.url().parse().unwrap()).await {
        Err(error @ OpenError::Unfit(_)) => {
            let message = error.to_string();
            assert!(message.contains("table users is unlogged"), "{message}");
        }
        other => panic!("{:?}", other.err()),
    }
}
