//! Looking at a database without changing it.

use testing::database::TestDatabase;
use user::store::{self, Database, Tables, examine};

use crate::beside::{Beside, Statement};

const BEHIND: Statement = Statement {
    sqlite: "DELETE FROM _sqlx_migrations WHERE version = 3",
    postgres: "DELETE FROM _sqlx_migrations WHERE version = 2",
};
const AHEAD: Statement = Statement {
    sqlite: "UPDATE _sqlx_migrations SET version = 99 WHERE version = 1",
    postgres: "UPDATE _sqlx_migrations SET version = 99 WHERE version = 1",
};

#[tokio::test]
async fn a_database_is_looked_at_as_it_stands_and_nothing_is_made() {
    let database = TestDatabase::fresh().await;
    let address: Database = database.url().parse().unwrap();
    for _ in 0..2 {
        assert_eq!(examine(&address).await.unwrap(), Tables::Absent);
    }
    store::open(&address).await.unwrap().close().await.unwrap();
    assert_eq!(examine(&address).await.unwrap(), Tables::UpToDate);
    let mut beside = Beside::at(address.clone()).await;
    beside.execute(BEHIND).await;
    assert_eq!(examine(&address).await.unwrap(), Tables::Behind(1));
    beside.execute(AHEAD).await;
    assert_eq!(examine(&address).await.unwrap(), Tables::Ahead);
    beside.close().await;
}
