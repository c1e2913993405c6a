//! Examining a database without changing it.

use testing::database::TestDatabase;
use user::store::{self, Database, Tables, examine};

use crate::other_client::{OtherClient, Statement};

const BEHIND: Statement = Statement {
    sqlite: "DELETE FROM _sqlx_migrations WHERE version = 3",
    postgres: "DELETE FROM _sqlx_migrations WHERE version = 2",
};
const AHEAD: Statement = Statement {
    sqlite: "UPDATE _sqlx_migrations SET version = 99 WHERE version = 1",
    postgres: "UPDATE _sqlx_migrations SET version = 99 WHERE version = 1",
};

#[tokio::test]
async fn examining_a_database_changes_nothing() {
    let database = TestDatabase::fresh().await;
    let address: Database = database.url().parse().unwrap();
    for _ in 0..2 {
        assert_eq!(examine(&address).await.unwrap(), Tables::Absent);
    }
    store::open(&address).await.unwrap().close().await.unwrap();
    assert_eq!(examine(&address).await.unwrap(), Tables::UpToDate);
    let mut other = OtherClient::at(address.clone()).await;
    other.execute(BEHIND).await;
    assert_eq!(examine(&address).await.unwrap(), Tables::Behind(1));
    other.execute(AHEAD).await;
    assert_eq!(examine(&address).await.unwrap(), Tables::Ahead);
    other.close().await;
}
