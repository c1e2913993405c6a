//! Idempotency keys: how long they are remembered, how many a user may have, and what a repeat gets.

use contracts::{ErrorCode, Field, ServiceError, UpdateForm, UpdateUser, UserUpdated};
use futures_util::future::join_all;
use user::{
    operations::DeleteExpiredKeys,
    rules::{RuleTiming, UnixMs},
    store::{KeyPosition, KeysDeleted},
};

use crate::{
    other_client::{OtherClient, Statement},
    side_by_side::{Committing, TestClock},
    stack::{ada, patch},
    stores::{StoreKind, TestStore, on_each_store},
};

on_each_store![
    a_repeat_gets_the_version_of_the_first_change,
    a_repeat_of_a_change_that_changed_nothing_changes_nothing,
    a_key_with_another_body_or_form_is_rejected,
    a_key_is_remembered_across_a_restart,
    a_key_is_forgotten_after_a_day,
    a_key_is_that_of_one_user,
    two_changes_of_one_batch_with_the_same_key_are_one,
    a_user_may_have_ten_thousand_keys,
    the_limit_counts_keys_of_the_same_batch,
    keys_are_deleted_when_they_have_expired,
    keys_of_a_user_are_counted_only_when_they_may_be_too_many,
    that_a_user_has_too_many_keys_is_remembered,
];

const NOW: UnixMs = 1_000_000;
const HOUR: UnixMs = 3_600_000;
const DAY: UnixMs = 24 * HOUR;
/// No more changes wait for a committer at a time.
const AT_A_TIME: usize = 1_000;

/// A store with a committer and a clock that the test sets.
struct Service {
    clock: TestClock,
    store: TestStore,
    timing: RuleTiming,
    committing: Committing,
}

impl Service {
    async fn start(kind: StoreKind) -> Self {
        Self::start_with(kind, RuleTiming::default()).await
    }

    async fn start_with(kind: StoreKind, timing: RuleTiming) -> Self {
        let (clock, store) = (TestClock::at(NOW), kind.fresh().await);
        Self {
            committing: Committing::start_with(store.open().await, &clock, timing),
            clock,
            store,
            timing,
        }
    }

    async fn restart(self) -> Self {
        self.committing.close().await;
        Self {
            committing: Committing::start_with(self.store.open().await, &self.clock, self.timing),
            ..self
        }
    }

    async fn update(&self, change: UpdateUser) -> Result<UserUpdated, ServiceError> {
        self.committing.queue.run(change, None).await
    }

    /// Changes that are requested together, and so form one batch.
    async fn update_together(
        &self,
        changes: impl IntoIterator<Item = UpdateUser>,
    ) -> Vec<Result<UserUpdated, ServiceError>> {
        join_all(changes.into_iter().map(|change| self.update(change))).await
    }

    /// Deletes the expired ones of the first keys.
    async fn delete_expired(&self, limit: usize) -> KeysDeleted {
        let after = KeyPosition::default();
        let page = DeleteExpiredKeys { after, limit };
        self.committing.queue.run(page, None).await.unwrap()
    }

    async fn close(self) {
        self.committing.close().await;
    }
}

fn keyed(key: &str, change: UpdateUser) -> UpdateUser {
    UpdateUser {
        idempotency_key: Some(key.to_owned()),
        ..change
    }
}

fn name(value: &str) -> UpdateUser {
    patch("1", [(Field::FIRST_NAME, value)])
}

/// The version of an answer, and whether the change made it.
fn outcome(updated: Result<UserUpdated, ServiceError>) -> (u64, bool) {
    let updated = updated.unwrap();
    (updated.sync.version, updated.changed)
}

fn code(updated: Result<UserUpdated, ServiceError>) -> ErrorCode {
    updated.unwrap_err().code
}

async fn a_repeat_gets_the_version_of_the_first_change(kind: StoreKind) {
    let service = Service::start(kind).await;
    assert_eq!(outcome(service.update(keyed("k", ada("1"))).await), (1, true));
    // More changes than a row ever remembered keys of.
    for number in 0..20 {
        let value = format!("N{number}");
        service.update(keyed(&value, name(&value))).await.unwrap();
    }
    let mut repeated = keyed("k", ada("1"));
    repeated.if_match = Some(7);
    let answer = service.update(repeated).await.unwrap();
    assert_eq!(
        (answer.sync.version, answer.changed, answer.user.version),
        (1, true, 21)
    );
    assert_eq!(answer.user.values[&Field::FIRST_NAME], Some("N19".into()));
    service.close().await;
}

async fn a_repeat_of_a_change_that_changed_nothing_changes_nothing(kind: StoreKind) {
    let service = Service::start(kind).await;
    service.update(ada("1")).await.unwrap();
    assert_eq!(outcome(service.update(keyed("k", ada("1"))).await), (1, false));
    service.update(name("Eva")).await.unwrap();
    let repeated = service.update(keyed("k", ada("1"))).await.unwrap();
    assert_eq!((repeated.sync.version, repeated.changed), (1, false));
    assert_eq!(repeated.user.values[&Field::FIRST_NAME], Some("Eva".into()));
    service.close().await;
}

async fn a_key_with_another_body_or_form_is_rejected(kind: StoreKind) {
    let service = Service::start(kind).await;
    service.update(keyed("k", ada("1"))).await.unwrap();
    let other_body = service.update(keyed("k", name("Eva"))).await;
    assert_eq!(code(other_body), ErrorCode::KeyReused);
    let other_form = UpdateUser {
        form: UpdateForm::Json,
        ..ada("1")
    };
    assert_eq!(
        code(service.update(keyed("k", other_form)).await),
        ErrorCode::KeyReused
    );
    assert_eq!(outcome(service.update(keyed("k", ada("1"))).await), (1, true));
    service.close().await;
}

async fn a_key_is_remembered_across_a_restart(kind: StoreKind) {
    let service = Service::start(kind).await;
    service.update(keyed("k", ada("1"))).await.unwrap();
    service.update(keyed("l", ada("1"))).await.unwrap();
    service.update(name("Eva")).await.unwrap();
    let service = service.restart().await;
    assert_eq!(outcome(service.update(keyed("k", ada("1"))).await), (1, true));
    assert_eq!(outcome(service.update(keyed("l", ada("1"))).await), (1, false));
    assert_eq!(
        code(service.update(keyed("k", name("Eva"))).await),
        ErrorCode::KeyReused
    );
    service.close().await;
}

async fn a_key_is_forgotten_after_a_day(kind: StoreKind) {
    let service = Service::start(kind).await;
    service.update(keyed("k", ada("1"))).await.unwrap();
    service.update(name("Eva")).await.unwrap();
    service.clock.advance(DAY - 1);
    assert_eq!(outcome(service.update(keyed("k", ada("1"))).await), (1, true));
    // It has expired, although no sweep has deleted it.
    service.clock.advance(1);
    assert_eq!(outcome(service.update(keyed("k", ada("1"))).await), (3, true));
    service.clock.advance(DAY - 1);
    assert_eq!(outcome(service.update(keyed("k", ada("1"))).await), (3, true));
    service.close().await;
}

async fn a_key_is_that_of_one_user(kind: StoreKind) {
    let service = Service::start(kind).await;
    let changes = [keyed("k", ada("1")), keyed("k", ada("2"))];
    for answer in service.update_together(changes).await {
        assert_eq!(outcome(answer), (1, true));
    }
    assert_eq!(outcome(service.update(keyed("k", ada("2"))).await), (1, true));
    service.close().await;
}

async fn two_changes_of_one_batch_with_the_same_key_are_one(kind: StoreKind) {
    let service = Service::start(kind).await;
    let changes = [
        keyed("k", ada("1")),
        name("Eva"),
        keyed("k", ada("1")),
        keyed("k", name("Ida")),
    ];
    let mut answers = service.update_together(changes).await;
    assert_eq!(code(answers.remove(3)), ErrorCode::KeyReused);
    let outcomes: Vec<_> = answers.into_iter().map(outcome).collect();
    assert_eq!(outcomes, [(1, true), (2, true), (1, true)]);
    service.close().await;
}

async fn a_user_may_have_ten_thousand_keys(kind: StoreKind) {
    let service = Service::start(kind).await;
    service.update(keyed("0", ada("1"))).await.unwrap();
    service.clock.advance(HOUR);
    let keys: Vec<String> = (1..10_000).map(|number| number.to_string()).collect();
    for keys in keys.chunks(AT_A_TIME) {
        let changes = keys.iter().map(|key| keyed(key, ada("1")));
        for answer in service.update_together(changes).await {
            assert_eq!(outcome(answer), (1, false));
        }
    }
    let error = service.update(keyed("10000", name("Eva"))).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::TooManyKeys);
    assert_eq!(error.retry_after_ms, Some((DAY - HOUR).unsigned_abs()));
    // Known keys, changes without a key and other users are not affected.
    assert_eq!(outcome(service.update(keyed("9999", ada("1"))).await), (1, false));
    assert_eq!(outcome(service.update(name("Eva")).await), (2, true));
    assert_eq!(outcome(service.update(keyed("10000", ada("2"))).await), (1, true));

    // When the oldest key expires, there is space for one.
    let service = service.restart().await;
    service.clock.advance(DAY - HOUR);
    let together = [keyed("10000", name("Ida")), keyed("10001", name("Ida"))];
    let mut answers = service.update_together(together).await;
    let error = answers.remove(1).unwrap_err();
    assert_eq!(error.code, ErrorCode::TooManyKeys);
    assert_eq!(error.retry_after_ms, Some(HOUR.unsigned_abs()));
    assert_eq!(outcome(answers.remove(0)), (3, true));
    service.close().await;
}

async fn the_limit_counts_keys_of_the_same_batch(kind: StoreKind) {
    let timing = RuleTiming {
        max_idempotency_keys: 2,
        ..RuleTiming::default()
    };
    let service = Service::start_with(kind, timing).await;
    let changes = ["a", "b", "c", "a", "d"].map(|key| keyed(key, ada("1")));
    let answers = service.update_together(changes).await;
    let codes: Vec<_> = answers
        .into_iter()
        .map(|answer| answer.err().map(|error| error.code))
        .collect();
    let full = Some(ErrorCode::TooManyKeys);
    assert_eq!(codes, [None, None, full, None, full]);
    service.close().await;
}

async fn keys_are_deleted_when_they_have_expired(kind: StoreKind) {
    let service = Service::start(kind).await;
    service.update(ada("1")).await.unwrap();
    let keys: Vec<String> = (0..700).map(|number| number.to_string()).collect();
    let changes = keys.iter().map(|key| keyed(key, ada("1")));
    service.update_together(changes).await;
    service.clock.advance(DAY - 1);
    assert_eq!(service.delete_expired(1_000).await, KeysDeleted::default());
    service.clock.advance(1);
    service.update(keyed("young", ada("1"))).await.unwrap();
    let page = service.delete_expired(500).await;
    // On a database file the young key may be among the first ones.
    assert!(
        (499..=500).contains(&page.deleted) && page.next.is_some(),
        "{page:?}"
    );
    let rest = service.delete_expired(1_000).await;
    assert_eq!((page.deleted + rest.deleted, rest.next), (700, None));
    assert_eq!(
        outcome(service.update(keyed("young", ada("1"))).await),
        (1, false)
    );
    service.close().await;
}

async fn keys_of_a_user_are_counted_only_when_they_may_be_too_many(kind: StoreKind) {
    let timing = RuleTiming {
        max_idempotency_keys: 10,
        idempotency_key: 3 * HOUR,
        ..RuleTiming::default()
    };
    let service = Service::start_with(kind, timing).await;
    let mut bounds = Vec::new();
    for hour in 0..12 {
        let key = hour.to_string();
        service.update(keyed(&key, ada("1"))).await.unwrap();
        let row = service.committing.row("1").await;
        bounds.push(row.idempotency_keys);
        service.clock.advance(HOUR);
    }
    // Of eleven keys two have not expired, and the eleventh is the third one.
    assert_eq!(bounds, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 3, 4]);
    service.close().await;
}

/// A user that has as many keys as it may have is not counted again before the oldest one expires, even if all changes are rejected.
async fn that_a_user_has_too_many_keys_is_remembered(kind: StoreKind) {
    let timing = RuleTiming {
        max_idempotency_keys: 2,
        ..RuleTiming::default()
    };
    let service = Service::start_with(kind, timing).await;
    for key in ["a", "b"] {
        service.update(keyed(key, ada("1"))).await.unwrap();
        service.clock.advance(HOUR);
    }
    for _ in 0..2 {
        let error = service.update(keyed("c", ada("1"))).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::TooManyKeys);
        let row = service.committing.row("1").await;
        assert_eq!(
            (row.idempotency_keys, row.keys_full_until, row.version),
            (2, NOW + DAY, 1)
        );
    }
    service.clock.advance(DAY - 2 * HOUR);
    assert_eq!(outcome(service.update(keyed("c", ada("1"))).await), (1, false));
    let error = service.update(keyed("d", ada("1"))).await.unwrap_err();
    assert_eq!(error.retry_after_ms, Some(HOUR.unsigned_abs()));
    service.close().await;
}

/// Undoes the last migration of the table. The key is stored twice, as one was that had been used again after it had expired.
const UNDO_KEYS_BY_HASH: Statement = Statement {
    sqlite: "ALTER TABLE idempotency_keys RENAME TO later; CREATE TABLE idempotency_keys (user_id TEXT NOT NULL, \
        number INTEGER NOT NULL, key_hash BLOB NOT NULL, version INTEGER NOT NULL, changed INTEGER NOT NULL, \
        change_hash BLOB NOT NULL, expires_at INTEGER NOT NULL, PRIMARY KEY (user_id, number)) STRICT, WITHOUT ROWID; \
        CREATE INDEX idempotency_keys_by_hash ON idempotency_keys (user_id, key_hash); \
        CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at); \
        INSERT INTO idempotency_keys SELECT user_id, 10, key_hash, version, changed, change_hash, expires_at FROM later; \
        INSERT INTO idempotency_keys SELECT user_id, 9, key_hash, 77, changed, change_hash, 5 FROM later; \
        DROP TABLE later; DELETE FROM _sqlx_migrations WHERE version = 9",
    postgres: "ALTER TABLE idempotency_keys DROP CONSTRAINT idempotency_keys_pkey; \
        UPDATE idempotency_keys SET number = 10; \
        INSERT INTO idempotency_keys (user_id, number, key_hash, version, changed, change_hash, expires_at) \
        SELECT user_id, 9, key_hash, 77, changed, change_hash, 5 FROM idempotency_keys; \
        ALTER TABLE idempotency_keys ADD PRIMARY KEY (user_id, number); \
        CREATE INDEX idempotency_keys_by_hash ON idempotency_keys (user_id, key_hash); \
        DELETE FROM _sqlx_migrations WHERE version = 8",
};

#[tokio::test]
async fn keys_of_an_earlier_version_are_remembered() {
    let service = Service::start(StoreKind::Database).await;
    service.update(keyed("k", ada("1"))).await.unwrap();
    service.update(name("Eva")).await.unwrap();
    service.committing.close().await;
    let TestStore::Database(database) = &service.store else {
        panic!("the store is a database");
    };
    let mut other = OtherClient::at(database.url().parse().unwrap()).await;
    other.execute(UNDO_KEYS_BY_HASH).await;
    other.close().await;
    let opened = service.store.open().await;
    let committing = Committing::start_with(opened, &service.clock, service.timing);
    let repeated = committing.queue.run(keyed("k", ada("1")), None).await;
    assert_eq!(outcome(repeated), (1, true));
    committing.close().await;
}
