//! A database that takes no changes, and a row that cannot be written.

use std::time::{Duration, Instant};

use contracts::ErrorCode;
use futures_util::future::join_all;
use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use testing::wait::until;

use crate::stack::{CEILING, Stack, ada};

async fn beside(stack: &Stack) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(stack.database());
    options.connect().await.unwrap()
}

async fn execute(connection: &mut SqliteConnection, sql: &'static str) {
    sqlx::raw_sql(sql).execute(connection).await.unwrap();
}

#[tokio::test]
async fn while_another_process_keeps_the_database_changes_are_refused_together_and_soon() {
    let (stack, service) = Stack::serving(&[]).await;
    let mut other = beside(&stack).await;
    execute(&mut other, "BEGIN IMMEDIATE").await;
    let began = Instant::now();
    let names: Vec<String> = (0..20).map(|user| format!("u{user}")).collect();
    let updates: Vec<_> = names.iter().map(|user| ada(user)).collect();
    let answers = join_all(updates.iter().map(|update| stack.update(update))).await;
    for answer in answers {
        assert_eq!(answer.unwrap_err().code, ErrorCode::Unavailable);
    }
    // SQLite itself would wait for five seconds.
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    assert!(!service.is_well("database"));
    execute(&mut other, "ROLLBACK").await;
    until("recovery", CEILING, async || service.is_well("database")).await;
    assert_eq!(stack.update(&ada("u0")).await.unwrap().user.version, 1);
    other.close().await.unwrap();
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_database_that_takes_nothing_is_reported_and_recovers() {
    let (stack, service) = Stack::serving(&[]).await;
    let mut other = beside(&stack).await;
    execute(
        &mut other,
        "CREATE TRIGGER full BEFORE INSERT ON users BEGIN SELECT RAISE(ABORT, 'disk full'); END; \
         CREATE TRIGGER full_too BEFORE UPDATE ON lease BEGIN SELECT RAISE(ABORT, 'disk full'); END",
    )
    .await;
    let error = stack.update(&ada("1")).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Unavailable);
    assert!(!service.is_well("database"));
    execute(&mut other, "DROP TRIGGER full; DROP TRIGGER full_too").await;
    until("recovery, though nobody changes anything", CEILING, async || {
        service.is_well("database")
    })
    .await;
    assert_eq!(stack.update(&ada("1")).await.unwrap().user.version, 1);
    other.close().await.unwrap();
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_row_that_cannot_be_written_fails_alone() {
    let (stack, service) = Stack::serving(&[]).await;
    let mut other = beside(&stack).await;
    execute(
        &mut other,
        "CREATE TRIGGER bad BEFORE INSERT ON users WHEN new.user_id = 'bad' BEGIN SELECT RAISE(ABORT, 'no'); END",
    )
    .await;
    let names = ["a", "b", "bad", "c", "d"];
    let updates = names.map(ada);
    let answers = join_all(updates.iter().map(|update| stack.update(update))).await;
    for (name, answer) in names.iter().zip(answers) {
        let code = answer.err().map(|error| error.code);
        let expected = (*name == "bad").then_some(ErrorCode::Unavailable);
        assert_eq!(code, expected, "{name}");
    }
    other.close().await.unwrap();
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_left_alone_and_holds_up_nobody() {
    let (stack, service) = Stack::serving(&[("USER_SWEEP_MS", "20")]).await;
    for user in ["bad", "good"] {
        stack.update(&ada(user)).await.unwrap();
    }
    stack.wait_until_announced(&["bad", "good"]).await;
    stack.acknowledge_all().await;
    let mut other = beside(&stack).await;
    execute(
        &mut other,
        "UPDATE users SET ledger = '{\"of\":\"another version\"}' WHERE user_id = 'bad'; \
         UPDATE users SET ledger = json_set(ledger, '$.wakeAt', 1), due_at = 1",
    )
    .await;
    // The good one is due as well, and its turn comes.
    stack.wait_until_announced(&["good"]).await;
    let error = stack.update(&ada("bad")).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Internal);
    let ledger = sqlx::query_scalar::<_, String>("SELECT ledger FROM users WHERE user_id = 'bad'");
    let ledger = ledger.fetch_one(&mut other).await.unwrap();
    assert!(
        ledger.contains("another version"),
        "the row was written over: {ledger}"
    );
    assert_eq!(stack.update(&ada("good")).await.unwrap().user.version, 2);
    other.close().await.unwrap();
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_database_that_another_process_keeps_does_not_hold_up_the_stop() {
    let (stack, service) = Stack::serving(&[]).await;
    let mut other = beside(&stack).await;
    execute(&mut other, "BEGIN IMMEDIATE").await;
    let names: Vec<String> = (0..1_000).map(|user| format!("u{user}")).collect();
    let updates: Vec<_> = names.iter().map(|user| ada(user)).collect();
    let asking = async {
        join_all(updates.iter().map(|update| stack.update(update))).await;
        std::future::pending::<()>().await;
    };
    let began = Instant::now();
    tokio::select! {
        biased;
        () = asking => {}
        stopped = service.stop() => stopped.unwrap(),
    }
    // So long an orchestrator waits before it kills.
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    other.close().await.unwrap();
}
