//! How SQLite executes each selection.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

use sqlx::{ConnectOptions as _, Row as _, SqliteConnection, sqlite::SqliteConnectOptions};

use contracts::ProblemFilter;

use super::{
    super::{
        reader::{PENDING, PROBLEMS},
        rows::select_list,
    },
    ANNOUNCED, DUE, LEFT_OPEN, LINKED_TO, RECHECKS,
};
use crate::store::List;

#[tokio::test]
async fn every_selection_searches_its_index() {
    let mut database = Database::new().await;
    let statement = |list| select_list(&list, 1).into_string();
    let pending = statement(List::pending(None).unwrap());
    let problems = statement(List::problems(&ProblemFilter::default(), None).unwrap());
    let all = statement(List::all(None));
    let statements = [
        (all.as_str(), "sqlite_autoindex_users"),
        (DUE, "users_due"),
        (RECHECKS, "users_recheck"),
        (LEFT_OPEN, "users_open"),
        (ANNOUNCED, "users_due"),
        (LINKED_TO, "users_contact"),
        (pending.as_str(), "users_due"),
        (problems.as_str(), "users_troubled"),
        (PROBLEMS, "users_troubled"),
    ];
    for (statement, index) in statements {
        let steps = database.explain(statement).await;
        let of_table: Vec<_> = steps.iter().filter(|step| step.contains(" users ")).collect();
        let searches = |step: &&&String| step.starts_with("SEARCH users USING") && step.contains(index);
        assert!(!of_table.is_empty(), "{statement}: {steps:?}");
        assert_eq!(
            of_table.iter().filter(searches).count(),
            of_table.len(),
            "{statement}: {steps:?}"
        );
        // SQLite may sort pending users that are due at the same moment by their ids.
        let may_sort = |step: &str| statement == pending && step.ends_with("FOR LAST TERM OF ORDER BY");
        assert!(
            steps
                .iter()
                .all(|step| !step.contains("TEMP B-TREE") || may_sort(step)),
            "{statement}: {steps:?}"
        );
    }
}

#[tokio::test]
async fn counting_reads_only_users_that_are_due() {
    let steps = Database::new().await.explain(PENDING).await;
    assert_eq!(steps, ["SCAN users USING INDEX users_due"]);
}

struct Database {
    _folder: tempfile::TempDir,
    connection: SqliteConnection,
}

impl Database {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.db");
        drop(super::super::open(&path).await.unwrap());
        let options = SqliteConnectOptions::new().filename(path);
        Self {
            _folder: folder,
            connection: options.connect().await.unwrap(),
        }
    }

    /// The steps in which the database executes a statement.
    async fn explain(&mut self, statement: &str) -> Vec<String> {
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
        let steps = sqlx::query(explain)
            .fetch_all(&mut self.connection)
            .await
            .unwrap();
        steps.iter().map(|step| step.get("detail")).collect()
    }
}
