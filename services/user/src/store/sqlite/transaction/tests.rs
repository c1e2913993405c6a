//! How SQLite goes about each selection.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

use sqlx::{ConnectOptions as _, Row as _, sqlite::SqliteConnectOptions};

use super::{ANNOUNCED, DUE, LEFT_OPEN, LINKED_TO, RECHECKS};

#[tokio::test]
async fn every_selection_searches_its_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    drop(super::super::open(&path).await.unwrap());
    let options = SqliteConnectOptions::new().filename(path);
    let mut connection = options.connect().await.unwrap();
    let statements = [
        (DUE, "users_due"),
        (RECHECKS, "users_recheck"),
        (LEFT_OPEN, "users_open"),
        (ANNOUNCED, "users_due"),
        (LINKED_TO, "users_contact"),
    ];
    for (statement, index) in statements {
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
        let steps = sqlx::query(explain).fetch_all(&mut connection).await.unwrap();
        let steps: Vec<String> = steps.iter().map(|step| step.get("detail")).collect();
        let of_table: Vec<_> = steps.iter().filter(|step| step.contains(" users ")).collect();
        let searches = |step: &&&String| step.starts_with("SEARCH users USING") && step.contains(index);
        assert!(!of_table.is_empty(), "{statement}: {steps:?}");
        assert_eq!(
            of_table.iter().filter(searches).count(),
            of_table.len(),
            "{statement}: {steps:?}"
        );
        assert!(
            steps.iter().all(|step| !step.contains("TEMP B-TREE")),
            "{statement}: {steps:?}"
        );
    }
}
