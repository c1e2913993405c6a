//! Rows that were written before it was kept how users stand.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use futures_util::future::join_all;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use testing::database::TestDatabase;

use super::{
    model::Model,
    open, overview,
    random::{USERS, work},
};
use crate::{
    beside::{Beside, Statement},
    stores::TestStore,
};

/// Undoes the migration that keeps it.
const FORGET: Statement = Statement {
    sqlite: "DROP INDEX users_troubled; ALTER TABLE users DROP COLUMN state; ALTER TABLE users DROP COLUMN reason; \
        ALTER TABLE users DROP COLUMN pending_since; DELETE FROM _sqlx_migrations WHERE version = 3",
    postgres: "ALTER TABLE users DROP COLUMN state, DROP COLUMN reason, DROP COLUMN pending_since; \
        DELETE FROM _sqlx_migrations WHERE version = 2",
};

#[tokio::test]
async fn how_users_stand_is_worked_out_for_rows_that_are_older() {
    let database = TestDatabase::fresh().await;
    let database_url = database.url().to_owned();
    let store = TestStore::Database(Box::new(database));
    let mut rng = StdRng::seed_from_u64(7);
    let now = Arc::new(AtomicI64::new(1_000_000));
    let mut model = Model::default();
    for round in 0..12 {
        let opened = open(&store, &now).await;
        overview::check(opened.reader.as_ref(), &model, &format!("round {round}")).await;
        for user in USERS {
            let stored = opened.reader.find(&user.parse().unwrap()).await.unwrap();
            assert_eq!(stored.as_ref(), model.row(user), "round {round}");
        }
        for _ in 0..10 {
            now.fetch_add(rng.random_range(0..40_000), Ordering::Relaxed);
            let batch: Vec<_> = (0..4).map(|_| work(&mut rng, &model)).collect();
            let asked = batch.iter().map(|work| work.clone().run(&opened.handle));
            join_all(asked).await;
            model.run(now.load(Ordering::Relaxed), &batch);
        }
        opened.close().await;
        let mut beside = Beside::at(database_url.parse().unwrap()).await;
        beside.execute(FORGET).await;
        beside.close().await;
        model.forget_since_when();
    }
}
