//! Settings of the server under which accepted changes could be lost or not be stored.

use contracts::{ErrorCode, Field};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use testing::postgres::{Options, PgBouncer, PoolerOptions, PostgresServer};
use testing::wait::until;
use user::store::{self, OpenError};

use crate::support::user_service::CEILING;

/// Starts a server with this setting, and returns the error of the user service.
async fn start_error(name: &str, value: &str) -> String {
    let settings = vec![(name.to_owned(), value.to_owned())];
    let server = PostgresServer::start(Options {
        settings,
        ..Options::default()
    })
    .await;
    let server = server.unwrap_or_else(|error| panic!("{error}"));
    match store::open(&server.url().parse().unwrap()).await {
        Err(error @ OpenError::Unfit { .. }) => error.to_string(),
        Err(other) => panic!("rejected for another reason: {other}"),
        Ok(_) => panic!("{name}={value} was accepted"),
    }
}

#[tokio::test]
async fn a_server_that_does_not_flush_is_rejected() {
    for setting in ["fsync", "full_page_writes"] {
        let message = start_error(setting, "off").await;
        let expected = format!("{setting} is off, but must be on");
        assert!(message.contains(&expected), "{message}");
    }
}

#[tokio::test]
async fn a_read_only_server_is_rejected() {
    let message = start_error("default_transaction_read_only", "on").await;
    assert!(message.contains("transaction_read_only is on"), "{message}");
}

#[tokio::test]
async fn commits_are_flushed_despite_the_servers_setting() {
    let settings = vec![("synchronous_commit".to_owned(), "off".to_owned())];
    let server = PostgresServer::start(Options {
        settings,
        ..Options::default()
    })
    .await;
    let mut server = server.unwrap_or_else(|error| panic!("{error}"));
    let service = crate::support::user_service::UserService::start(&server).await;
    for round in 1..=5 {
        let name = format!("Ada {round}");
        assert_eq!(service.update("1", &name).await.unwrap().sync.version, round);
        server.kill().await.unwrap();
        server.restart().await.unwrap();
        assert_eq!(service.row("1").await.unwrap().version, round);
    }
    service.close().await;
}

#[tokio::test]
async fn an_absent_server_is_transient_and_a_wrong_name_is_not() {
    let mut server = crate::support::user_service::server().await;
    let wrong = server.url().replace("/postgres", "/nowhere");
    let is_transient = async |url: &str| match store::open(&url.parse().unwrap()).await {
        Err(OpenError::Open { is_transient, .. }) => is_transient,
        Err(other) => panic!("rejected for another reason: {other}"),
        Ok(_) => panic!("{url} was opened"),
    };
    assert!(!is_transient(&wrong).await);
    server.stop().await.unwrap();
    assert!(is_transient(&server.url()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_survive_a_crash_of_an_unflushed_server() {
    for _ in 0..5 {
        let settings = vec![("synchronous_commit".to_owned(), "off".to_owned())];
        let server = PostgresServer::start(Options {
            settings,
            ..Options::default()
        });
        let mut server = server.await.unwrap_or_else(|error| panic!("{error}"));
        let service = crate::support::user_service::UserService::start(&server).await;
        server.kill().await.unwrap();
        server.restart().await.unwrap();
        assert!(service.row("1").await.is_none());
        assert_eq!(service.update("1", "Ada").await.unwrap().sync.version, 1);
        service.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn services_that_start_together_migrate_once() {
    let server = crate::support::user_service::server().await;
    let url = server.url();
    let opening = (0..4).map(|_| async {
        let opened = store::open(&url.parse().unwrap()).await.unwrap();
        opened.close().await.unwrap();
    });
    futures_util::future::join_all(opening).await;
}

/// Settings of the database and the role that would break the guarantees of the user service if it did not override them.
const BROKEN_SETTINGS: [(&str, &str); 13] = [
    ("synchronous_commit", "off"),
    ("default_transaction_isolation", "serializable"),
    ("default_transaction_deferrable", "on"),
    ("statement_timeout", "50ms"),
    ("lock_timeout", "1ms"),
    ("idle_in_transaction_session_timeout", "1ms"),
    // This setting exists from PostgreSQL 17 on.
    ("transaction_timeout", "20ms"),
    ("client_encoding", "LATIN1"),
    ("timezone", "Pacific/Chatham"),
    ("datestyle", "German"),
    ("standard_conforming_strings", "off"),
    ("bytea_output", "escape"),
    ("plan_cache_mode", "force_generic_plan"),
];

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_database_and_role_have_no_effect() {
    let mut server = crate::support::user_service::server().await;
    let mut connection = PgConnection::connect(&server.url()).await.unwrap();
    for (name, value) in BROKEN_SETTINGS {
        let known = sqlx::query_scalar::<_, bool>("SELECT current_setting($1, true) IS NOT NULL").bind(name);
        if !known.fetch_one(&mut connection).await.unwrap() {
            continue;
        }
        for of in ["DATABASE postgres", "ROLE hubsync"] {
            let set = format!("ALTER {of} SET {name} = '{value}'");
            sqlx::raw_sql(AssertSqlSafe(set))
                .execute(&mut connection)
                .await
                .unwrap();
        }
    }
    let service = crate::support::user_service::UserService::start(&server).await;
    for round in 1..=3 {
        let name = format!("Zoë {round}");
        assert_eq!(service.update("1", &name).await.unwrap().sync.version, round);
        server.kill().await.unwrap();
        server.restart().await.unwrap();
        let row = service.row("1").await.unwrap();
        assert_eq!(
            (row.version, row.values()[&Field::FIRST_NAME].clone()),
            (round, Some(name.into()))
        );
    }
    assert_eq!(service.check("clock").map(|check| check.ok), Some(true));
    service.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_is_rejected_while_it_does_not_flush() {
    let server = crate::support::user_service::server().await;
    let mut connection = PgConnection::connect(&server.url()).await.unwrap();
    let service = crate::support::user_service::UserService::start(&server).await;
    for (setting, shown, back) in [
        ("fsync", "fsync is off", "on"),
        ("full_page_writes", "full_page_writes is off", "on"),
        (
            "default_transaction_read_only",
            "transaction_read_only is on",
            "off",
        ),
    ] {
        service.update("1", "Ada").await.unwrap();
        let wrong = if back == "on" { "off" } else { "on" };
        alter(&mut connection, setting, wrong).await;
        until("a failed check with the cause", CEILING, async || {
            let rejected = service.update("1", "Eva").await.err()?;
            assert_eq!(rejected.code, ErrorCode::Unavailable);
            service
                .check("database")
                .filter(|check| !check.ok && check.detail.contains(shown))
        })
        .await;
        alter(&mut connection, setting, back).await;
        until("an accepted change", CEILING, async || {
            service.update("1", "Joan").await
        })
        .await;
        assert!(service.is_healthy());
    }
    service.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stronger_commit_setting_of_the_server_is_kept() {
    let server = crate::support::user_service::server().await;
    let mut connection = PgConnection::connect(&server.url()).await.unwrap();
    let service = crate::support::user_service::UserService::start(&server).await;
    // The trigger records the setting under which each change is committed.
    let watched = "CREATE TABLE seen (found text); CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS \
        $$ BEGIN INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$; \
        CREATE TRIGGER watch AFTER INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION watch()";
    sqlx::raw_sql(watched).execute(&mut connection).await.unwrap();
    for (set, used) in [
        ("off", "on"),
        ("local", "on"),
        ("remote_write", "on"),
        ("on", "on"),
        ("remote_apply", "remote_apply"),
        ("off", "on"),
    ] {
        alter(&mut connection, "synchronous_commit", set).await;
        let mut changes = 0;
        until("a change with this setting", CEILING, async || {
            changes += 1;
            let name = format!("{set} {changes}");
            service.update("1", &name).await.unwrap();
            let seen = sqlx::query_scalar::<_, String>("DELETE FROM seen RETURNING found");
            let seen = seen.fetch_one(&mut connection).await.unwrap();
            // The setting is never weaker than `on`, and soon the stronger one of the server.
            assert!(seen == "on" || seen == "remote_apply", "{set}: {seen}");
            if seen == used { Ok(()) } else { Err(seen) }
        })
        .await;
    }
    service.close().await;
}

/// Changes a setting of the running server, as an operator does.
async fn alter(connection: &mut PgConnection, name: &str, value: &str) {
    for statement in [
        format!("ALTER SYSTEM SET {name} = {value}"),
        "SELECT pg_reload_conf()".to_owned(),
    ] {
        sqlx::raw_sql(AssertSqlSafe(statement))
            .execute(&mut *connection)
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_in_the_address_apply_to_every_connection() {
    let server = crate::support::user_service::server().await;
    let mut connection = PgConnection::connect(&server.url()).await.unwrap();
    sqlx::raw_sql("CREATE SCHEMA app")
        .execute(&mut connection)
        .await
        .unwrap();
    let pooler = PgBouncer::start(server.port(), PoolerOptions::with_defaults("session")).await;
    let pooler = pooler.unwrap_or_else(|error| panic!("{error}"));
    let url = format!(
        "{}?options=-c%20search_path%3Dapp%20-c%20synchronous_commit%3Dremote_apply",
        pooler.url()
    );
    let service = crate::support::user_service::UserService::start_at(&url).await;
    service.update("1", "Ada").await.unwrap();
    assert!(service.row("1").await.is_some());
    let stored = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM app.users");
    assert_eq!(stored.fetch_one(&mut connection).await.unwrap(), 1);
    service.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_search_path_leads_to_no_other_table() {
    let mut server = crate::support::user_service::server().await;
    let service = crate::support::user_service::UserService::start(&server).await;
    service.update("1", "Ada").await.unwrap();
    let mut connection = PgConnection::connect(&server.url()).await.unwrap();
    let other = "CREATE SCHEMA other; CREATE TABLE other.users (LIKE public.users INCLUDING ALL); \
        CREATE TABLE other.lease (LIKE public.lease INCLUDING ALL); INSERT INTO other.lease SELECT * FROM public.lease; \
        ALTER DATABASE postgres SET search_path = other, public";
    sqlx::raw_sql(other).execute(&mut connection).await.unwrap();
    // The restart closes every connection, so each is opened with the new search path.
    server.stop().await.unwrap();
    server.restart().await.unwrap();
    assert_eq!(service.update("1", "Eva").await.unwrap().sync.version, 2);
    assert_eq!(service.row("1").await.unwrap().version, 2);
    service.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unlogged_tables_are_rejected() {
    let server = crate::support::user_service::server().await;
    crate::support::user_service::UserService::start(&server)
        .await
        .close()
        .await;
    let mut connection = PgConnection::connect(&server.url()).await.unwrap();
    sqlx::raw_sql("ALTER TABLE users SET UNLOGGED")
        .execute(&mut connection)
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
