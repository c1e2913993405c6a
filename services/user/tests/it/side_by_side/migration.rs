//! Rows that were written before the store kept states.

use rand::{RngExt, SeedableRng, rngs::StdRng};
use testing::database::TestDatabase;
use user::{rules::Row, store::memory::MemoryStore};

use super::{
    Pair,
    operations::{commit_batch, compare},
    random::Known,
};
use crate::other_client::{OtherClient, Statement};

/// Undoes the migrations that add and correct states.
const DROP_STATES: Statement = Statement {
    sqlite: "DROP INDEX users_troubled; ALTER TABLE users DROP COLUMN state; ALTER TABLE users DROP COLUMN reason; \
        ALTER TABLE users DROP COLUMN pending_since; DELETE FROM _sqlx_migrations WHERE version IN (3, 5)",
    postgres: "ALTER TABLE users DROP COLUMN state, DROP COLUMN reason, DROP COLUMN pending_since; \
        DELETE FROM _sqlx_migrations WHERE version IN (2, 4)",
};

#[tokio::test]
async fn the_migration_derives_the_states_of_older_rows() {
    let mut rng = StdRng::seed_from_u64(7);
    let mut pair = Pair::start(1_000_000).await;
    let mut known = Known::new(&pair.store);
    for round in 0..12 {
        let place = format!("round {round}");
        compare(&pair, &mut rng, &place).await;
        for _ in 0..10 {
            pair.clock.advance(rng.random_range(0..40_000));
            commit_batch(&pair, &mut known, &mut rng, &place).await;
        }
        pair = pair
            .reopen(async |store, database| {
                drop_states(database).await;
                forget_pending_since(store).await;
            })
            .await;
    }
    pair.close().await;
}

async fn drop_states(database: &TestDatabase) {
    let mut other = OtherClient::at(database.url().parse().unwrap()).await;
    other.execute(DROP_STATES).await;
    other.close().await;
}

/// An older row does not say since when its changes are pending. The migration takes the time of the last change.
async fn forget_pending_since(store: &MemoryStore) {
    let mut rows = store.rows();
    for row in &mut rows {
        row.pending_since = row.pending_since.map(|_| row.updated_at);
    }
    let users: Vec<_> = rows.iter().map(|row| &row.user_id).collect();
    let mut writer = store.writer();
    let (mut transaction, _) = writer.begin(&users).await.unwrap();
    transaction
        .save(&rows.iter().collect::<Vec<&Row>>())
        .await
        .unwrap();
    transaction.commit().await.unwrap();
}
