//! A database that cannot write, and rows that cannot be written or read.

use std::time::{Duration, Instant};

use contracts::{ErrorCode, Field};
use futures_util::future::join_all;
use testing::wait::until;

use crate::{
    other_client::{LOCK, OtherClient, Statement},
    stack::{CEILING, Stack, ada, patch},
};

const CAN_WRITE: Statement = Statement {
    sqlite: "DROP TRIGGER full_up; DROP TRIGGER full_too",
    postgres: "DROP TRIGGER full_up ON users; DROP TRIGGER full_too ON lease",
};
const CANNOT_WRITE: Statement = Statement {
    sqlite: "CREATE TRIGGER full_up BEFORE INSERT ON users BEGIN SELECT RAISE(ABORT, 'disk full'); END; \
        CREATE TRIGGER full_too BEFORE UPDATE ON lease BEGIN SELECT RAISE(ABORT, 'disk full'); END",
    postgres: "CREATE FUNCTION reject() RETURNS trigger LANGUAGE plpgsql AS \
        $$ BEGIN RAISE 'disk full' USING ERRCODE = 'disk_full'; END $$; \
        CREATE TRIGGER full_up BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION reject(); \
        CREATE TRIGGER full_too BEFORE UPDATE ON lease FOR EACH ROW EXECUTE FUNCTION reject()",
};
const BAD_ROW: Statement = Statement {
    sqlite: "CREATE TRIGGER bad BEFORE INSERT ON users WHEN new.user_id = 'bad' BEGIN SELECT RAISE(ABORT, 'no'); END",
    postgres: "CREATE FUNCTION reject() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$; \
        CREATE TRIGGER bad BEFORE INSERT ON users FOR EACH ROW WHEN (new.user_id = 'bad') EXECUTE FUNCTION reject()",
};
const UNREADABLE: Statement = Statement {
    sqlite: "UPDATE users SET ledger = '{\"of\":\"another version\"}' WHERE user_id = 'bad'; \
        UPDATE users SET ledger = json_set(ledger, '$.wakeAt', 1), due_at = 1",
    postgres: "UPDATE users SET ledger = '{\"of\":\"another version\"}' WHERE user_id = 'bad'; \
        UPDATE users SET ledger = jsonb_set(ledger::jsonb, '{wakeAt}', '1')::text, due_at = 1",
};

#[tokio::test]
async fn while_the_database_is_locked_changes_are_rejected_soon() {
    let (stack, service) = Stack::serving(&[]).await;
    let mut other = OtherClient::of(&stack).await;
    other.execute(LOCK).await;
    let began = Instant::now();
    let names: Vec<String> = (0..20).map(|user| format!("u{user}")).collect();
    let updates: Vec<_> = names.iter().map(|user| ada(user)).collect();
    let answers = join_all(updates.iter().map(|update| stack.update(update))).await;
    for answer in answers {
        assert_eq!(answer.unwrap_err().code, ErrorCode::Unavailable);
    }
    // If each change waited for the lock after the one before, this would take far longer.
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    assert!(!service.is_well("database"));
    other.run("ROLLBACK").await;
    until("recovery", CEILING, async || service.is_well("database")).await;
    assert_eq!(stack.update(&ada("u0")).await.unwrap().user.version, 1);
    other.close().await;
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_database_that_cannot_write_is_reported_and_recovers() {
    let (stack, service) = Stack::serving(&[]).await;
    let mut other = OtherClient::of(&stack).await;
    other.execute(CANNOT_WRITE).await;
    let error = stack.update(&ada("1")).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Unavailable);
    assert!(!service.is_well("database"));
    other.execute(CAN_WRITE).await;
    until("recovery without a change", CEILING, async || {
        service.is_well("database")
    })
    .await;
    assert_eq!(stack.update(&ada("1")).await.unwrap().user.version, 1);
    other.close().await;
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_row_that_cannot_be_written_fails_alone() {
    let (stack, service) = Stack::serving(&[]).await;
    let mut other = OtherClient::of(&stack).await;
    other.execute(BAD_ROW).await;
    let names = ["a", "b", "bad", "c", "d"];
    let updates = names.map(ada);
    let answers = join_all(updates.iter().map(|update| stack.update(update))).await;
    for (name, answer) in names.iter().zip(answers) {
        let code = answer.err().map(|error| error.code);
        let expected = (*name == "bad").then_some(ErrorCode::Unavailable);
        assert_eq!(code, expected, "{name}");
    }
    other.close().await;
    service.stop().await.unwrap();
}

#[tokio::test]
async fn an_unreadable_row_is_not_changed_and_holds_back_no_others() {
    let (stack, service) = Stack::serving(&[("USER_SWEEP_MS", "20")]).await;
    for user in ["bad", "good"] {
        stack.update(&ada(user)).await.unwrap();
    }
    stack.wait_for_wake_ups(&["bad", "good"]).await;
    stack.acknowledge_all().await;
    let mut other = OtherClient::of(&stack).await;
    other.execute(UNREADABLE).await;
    // The readable row is due as well, and is woken.
    stack.wait_for_wake_ups(&["good"]).await;
    let error = stack.update(&ada("bad")).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Internal);
    let ledger = other.text("SELECT ledger FROM users WHERE user_id = 'bad'").await;
    assert!(
        ledger.contains("another version"),
        "the row was overwritten: {ledger}"
    );
    let eva = patch("good", [(Field::FIRST_NAME, "Eva")]);
    assert_eq!(stack.update(&eva).await.unwrap().user.version, 2);
    other.close().await;
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_locked_database_does_not_delay_the_shutdown() {
    let (stack, service) = Stack::serving(&[]).await;
    let mut other = OtherClient::of(&stack).await;
    other.execute(LOCK).await;
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
    // An orchestrator waits for this time before it kills the process.
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    other.close().await;
}

#[tokio::test]
async fn the_tables_can_be_created_before_a_service_starts() {
    let stack = Stack::new(&[]).await;
    let folder = tempfile::tempdir().unwrap();
    for attempt in ["the first", "the second"] {
        let done = std::process::Command::new(env!("CARGO_BIN_EXE_user"))
            .arg("migrate")
            .current_dir(folder.path())
            .env("USER_DATABASE_URL", stack.database.url())
            .output()
            .unwrap();
        assert!(done.status.success(), "{attempt}: {done:?}");
    }
    let mut other = OtherClient::of(&stack).await;
    assert_eq!(other.text("SELECT CAST(count(*) AS text) FROM users").await, "0");
    other.close().await;
}
