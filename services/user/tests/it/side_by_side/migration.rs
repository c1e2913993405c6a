//! Rows of an earlier version, which kept no states, stored values in columns, and named the members of the JSON otherwise.

use contracts::Field;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Map, Value};
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
async fn rows_of_an_earlier_version_are_read_and_get_their_states() {
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
                store_as_earlier_version(database).await;
                forget_pending_since(store).await;
            })
            .await;
    }
    pair.close().await;
}

async fn store_as_earlier_version(database: &TestDatabase) {
    const SAVE: &str =
        "UPDATE users SET ledger = $2, email = $3, first_name = $4, last_name = $5 WHERE user_id = $1";
    let mut other = OtherClient::at(database.url().parse().unwrap()).await;
    for (user, json) in other.pairs("SELECT user_id, ledger FROM users").await {
        let (json, values) = in_earlier_form(serde_json::from_str(&json).unwrap());
        let json = Value::Object(json).to_string();
        let texts = [Some(user.as_str()), Some(&json)].into_iter();
        let texts: Vec<Option<&str>> = texts.chain(values.iter().map(Option::as_deref)).collect();
        other.run_with(SAVE, &texts).await;
    }
    other.execute(DROP_STATES).await;
    other.close().await;
}

/// The JSON of a row with the names of an earlier version, and the values of email, first and last name.
fn in_earlier_form(mut row: Map<String, Value>) -> (Map<String, Value>, [Option<String>; 3]) {
    let members = [
        ("generation", "turn"),
        ("possibleCreates", "creating"),
        ("openAttempt", "open"),
        ("inDoubt", "doubt"),
        ("countedFailures", "charges"),
    ];
    rename(&mut row, &members);
    if let Some(Value::Object(open)) = row.get_mut("open") {
        rename(open, &[("generation", "turn")]);
    }
    if let Some(Value::Object(link)) = row.get_mut("link") {
        rename(link, &[("origin", "found")]);
    }
    let mut values = [const { None }; 3];
    for (value, field) in values.iter_mut().zip(Field::BUILT_IN) {
        let Some(Value::Object(state)) = row["fields"].get_mut(field.name()) else {
            continue;
        };
        *value = state
            .remove("value")
            .map(|value| value.as_str().expect("text").to_owned());
        let members = [
            ("changedIn", "touched"),
            ("dirtySince", "owed"),
            ("resolvedAt", "settled"),
            ("result", "outcome"),
            ("recordedAt", "settledAt"),
        ];
        rename(state, &members);
        if let Some(Value::Object(outcome)) = state.get_mut("outcome") {
            rename(outcome, &[("result", "outcome"), ("isTransient", "mayPass")]);
            let result = &mut outcome["outcome"];
            *result = match result.as_str() {
                Some("rejected") => "refused".into(),
                Some("notFound") => "missing".into(),
                Some("conflict") => "taken".into(),
                Some("failed") => "parked".into(),
                _ => result.take(),
            };
        }
    }
    (row, values)
}

fn rename(object: &mut Map<String, Value>, names: &[(&str, &str)]) {
    for (name, former) in names {
        if let Some(value) = object.remove(*name) {
            object.insert((*former).to_owned(), value);
        }
    }
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
