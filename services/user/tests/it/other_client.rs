//! Another client of the same database.

use sqlx::{ConnectOptions, Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};
use user::store::Database;

use crate::stack::Stack;

/// A connection of another client.
pub(crate) enum OtherClient {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// One statement in the SQL of each database.
#[derive(Clone, Copy)]
pub(crate) struct Statement {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

/// Keeps all others from writing until the transaction ends.
pub(crate) const LOCK: Statement = Statement {
    sqlite: "BEGIN IMMEDIATE",
    postgres: "BEGIN; LOCK TABLE users, lease IN EXCLUSIVE MODE",
};

impl OtherClient {
    pub(crate) async fn of(stack: &Stack) -> Self {
        Self::at(stack.database()).await
    }

    pub(crate) async fn at(database: Database) -> Self {
        match database {
            Database::Sqlite(path) => {
                let options = SqliteConnectOptions::new().filename(path);
                Self::Sqlite(options.connect().await.unwrap())
            }
            Database::Postgres(server) => {
                Self::Postgres(PgConnection::connect_with(&server.connect).await.unwrap())
            }
        }
    }

    pub(crate) async fn execute(&mut self, statement: Statement) {
        match self {
            Self::Sqlite(connection) => sqlx::raw_sql(statement.sqlite)
                .execute(connection)
                .await
                .map(drop),
            Self::Postgres(connection) => sqlx::raw_sql(statement.postgres)
                .execute(connection)
                .await
                .map(drop),
        }
        .unwrap();
    }

    /// Executes SQL that both databases understand.
    pub(crate) async fn run(&mut self, sql: &'static str) {
        let (sqlite, postgres) = (sql, sql);
        self.execute(Statement { sqlite, postgres }).await;
    }

    /// The text that a query returns.
    pub(crate) async fn text(&mut self, sql: &'static str) -> String {
        match self {
            Self::Sqlite(connection) => sqlx::query_scalar(sql).fetch_one(connection).await,
            Self::Postgres(connection) => sqlx::query_scalar(sql).fetch_one(connection).await,
        }
        .unwrap()
    }

    /// The pairs of texts that a query returns.
    pub(crate) async fn pairs(&mut self, sql: &'static str) -> Vec<(String, String)> {
        match self {
            Self::Sqlite(connection) => sqlx::query_as(sql).fetch_all(connection).await,
            Self::Postgres(connection) => sqlx::query_as(sql).fetch_all(connection).await,
        }
        .unwrap()
    }

    /// Executes SQL with texts as its parameters `$1`, `$2` and so on.
    pub(crate) async fn run_with(&mut self, sql: &'static str, texts: &[Option<&str>]) {
        match self {
            Self::Sqlite(connection) => {
                let query = sqlx::query(sql);
                let query = texts
                    .iter()
                    .fold(query, |query, text| query.bind(text.map(str::to_owned)));
                query.execute(connection).await.map(drop)
            }
            Self::Postgres(connection) => {
                let query = sqlx::query(sql);
                let query = texts
                    .iter()
                    .fold(query, |query, text| query.bind(text.map(str::to_owned)));
                query.execute(connection).await.map(drop)
            }
        }
        .unwrap();
    }

    pub(crate) async fn close(self) {
        match self {
            Self::Sqlite(connection) => connection.close().await.unwrap(),
            Self::Postgres(connection) => connection.close().await.unwrap(),
        }
    }
}
