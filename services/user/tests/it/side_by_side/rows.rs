//! Random rows, whether or not the rules could make them, and every method of the store.
//!
//! SQL leaves the order of equal times open, so no two rows have the same time, and answers without an order are sorted.

use std::collections::BTreeMap;

use contracts::{
    Confirmation, Field, FieldResult, FieldSet, Link, LinkOrigin, Priority, Reason, UserId, WriteTarget,
};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use testing::database::TestDatabase;
use user::{
    rules::{FieldState, LateWriteWindow, Lease, OpenAttempt, Row, RuleTiming, UnixMs},
    store::{Opened, StoreError, Transaction, UserReader, memory::MemoryStore},
};

use super::{
    ALL, TestClock, open,
    reads::{Seen, compare_reads, seen},
    selections,
};
use crate::{
    other_client::{OtherClient, Statement},
    stack::id,
};

const ROUNDS: usize = 100;
const UNREADABLE: Statement = Statement {
    sqlite: "UPDATE users SET ledger = '{\"of\":\"another version\"}' WHERE user_id = 'u003'",
    postgres: "UPDATE users SET ledger = '{\"of\":\"another version\"}' WHERE user_id = 'u003'",
};

/// Draws rows and transactions.
struct Draw {
    rng: StdRng,
    now: UnixMs,
    /// How many users have been created, some of them by transactions that were dropped.
    users: usize,
    /// Makes each time unique.
    last_time: UnixMs,
}

#[tokio::test]
async fn memory_and_database_return_the_same_for_any_rows() {
    for seed in 0..2 {
        let clock = TestClock::at(0);
        let (store, database) = (MemoryStore::new(clock.clock()), TestDatabase::fresh().await);
        let (mut memory, mut disk) = (store.open(1), open(&database).await);
        disk.writers[0].use_clock(clock.clock());
        let mut draw = Draw {
            rng: StdRng::seed_from_u64(seed),
            now: 10_000_000_000,
            users: 0,
            last_time: 0,
        };
        for round in 0..ROUNDS {
            let place = format!("seed {seed}, round {round}");
            draw.now += *[1, 10, 1_000, 61_000, 86_400_000].choose(&mut draw.rng).unwrap();
            clock.set(draw.now);
            draw.transact(&mut memory, &mut disk, &place).await;
            if round == ROUNDS / 2 {
                store.make_unreadable(&id("u003"));
                let mut other = OtherClient::at(database.url().parse().unwrap()).await;
                other.execute(UNREADABLE).await;
                other.close().await;
            }
            draw.compare_reads(memory.reader.as_ref(), disk.reader.as_ref(), &place)
                .await;
        }
        disk.close().await.unwrap();
    }
}

impl Draw {
    /// The same transaction on both, committed or dropped.
    async fn transact(&mut self, memory: &mut Opened, disk: &mut Opened, place: &str) {
        let (begun_with, loaded) = (self.some_users(), self.some_users());
        let begun_with: Vec<&UserId> = begun_with.iter().collect();
        let (mut one, found) = memory.writers[0].begin(&begun_with).await.unwrap();
        let (mut other, expected) = disk.writers[0].begin(&begun_with).await.unwrap();
        assert_eq!(one.now(), other.now(), "{place}");
        let mut known = seen(found);
        assert_eq!(known, seen(expected), "{place}");
        let loaded: Vec<&UserId> = loaded.iter().collect();
        let found = seen(one.load(&loaded).await.unwrap());
        assert_eq!(found, seen(other.load(&loaded).await.unwrap()), "{place}");
        known.extend(found);
        if self.rng.random_bool(0.5) {
            self.compare_selections(one.as_mut(), other.as_mut(), place).await;
        }
        let mut rows = self.changed_rows(&known);
        rows.extend(self.new_rows());
        let rows: Vec<&Row> = rows.iter().collect();
        one.save(&rows).await.unwrap();
        other.save(&rows).await.unwrap();
        // One at a time: rows that are put off together have the same time.
        let unreadable = known.iter().find(|(_, row)| row.is_err());
        if let Some((user, _)) = unreadable {
            one.put_off(std::slice::from_ref(user), &RuleTiming::default())
                .await
                .unwrap();
            other
                .put_off(std::slice::from_ref(user), &RuleTiming::default())
                .await
                .unwrap();
        }
        assert_eq!(
            one.read_lease().await.unwrap(),
            other.read_lease().await.unwrap(),
            "{place}"
        );
        let lease = one.lease().await.unwrap();
        assert_eq!(lease, other.lease().await.unwrap(), "{place}");
        let lease = Lease {
            epoch: lease.epoch + 1,
            holder: self.rng.random_bool(0.5).then(|| "w".to_owned()),
            paused_since: self.rng.random_bool(0.5).then_some(self.now),
            version_floor: lease.version_floor + 1,
            fingerprint: self.rng.random_bool(0.5).then(|| "1/1".to_owned()),
            ..lease
        };
        one.save_lease(&lease).await.unwrap();
        other.save_lease(&lease).await.unwrap();
        self.compare_selections(one.as_mut(), other.as_mut(), place).await;
        if self.rng.random_bool(0.8) {
            one.commit().await.unwrap();
            other.commit().await.unwrap();
        } else {
            drop((one, other));
            disk.writers[0].forget_connection();
        }
    }

    /// Everything that can be read of what is committed.
    async fn compare_reads(&mut self, memory: &dyn UserReader, disk: &dyn UserReader, place: &str) {
        // Every row is in the list of all users; these are one that may be there and one that is not.
        for number in [self.rng.random_range(0..=self.users), self.users + 1] {
            let user = user(number);
            let found = memory.find(&user).await.map_err(|error| error.to_string());
            let expected = disk.find(&user).await.map_err(|error| error.to_string());
            assert_eq!(found, expected, "{place}");
        }
        compare_reads(memory, disk, &mut self.rng, place).await;
    }

    /// Every selection, without a limit and with a small one.
    async fn compare_selections(
        &mut self,
        one: &mut dyn Transaction,
        other: &mut dyn Transaction,
        place: &str,
    ) {
        let (limit, epoch) = (self.rng.random_range(0..8), self.rng.random_range(0..5));
        let users: Vec<UserId> = (1..=self.users).map(user).collect();
        selections::check(one, &users, epoch, place).await;
        let timing = RuleTiming::default();
        for priority in [Priority::Live, Priority::Backfill] {
            let all = one.due(priority, &timing, ALL).await.unwrap();
            let expected = other.due(priority, &timing, ALL).await.unwrap();
            // Users that are due come in the order of their times. Those too far ahead follow in any order.
            let due = self.count_due(one, &all, Row::due_at).await;
            compare_in_order(&all, &expected, due, place);
            let some = one.due(priority, &timing, limit).await.unwrap();
            let expected = other.due(priority, &timing, limit).await.unwrap();
            assert_eq!(some.len(), expected.len(), "{place}");
            assert_eq!(some[..due.min(limit)], expected[..due.min(limit)], "{place}");
        }
        let all = one.rechecks(ALL).await.unwrap();
        let due = self.count_due(one, &all, |row| row.recheck_at).await;
        compare_in_order(&all, &other.rechecks(ALL).await.unwrap(), due, place);
        compare_sets(
            one.left_open(epoch, ALL).await,
            other.left_open(epoch, ALL).await,
            place,
        );
        compare_sets(
            one.users_with_published_wake_ups(ALL).await,
            other.users_with_published_wake_ups(ALL).await,
            place,
        );
        for (found, expected) in [
            (
                one.left_open(epoch, limit).await,
                other.left_open(epoch, limit).await,
            ),
            (
                one.users_with_published_wake_ups(limit).await,
                other.users_with_published_wake_ups(limit).await,
            ),
        ] {
            assert_eq!(found.unwrap().len(), expected.unwrap().len(), "{place}");
        }
        for contact in ["1", "2", "3"] {
            let found = one.linked_to("4711", &[contact]).await;
            compare_sets(found, other.linked_to("4711", &[contact]).await, place);
        }
        assert_eq!(one.linked_to("4712", &["1"]).await.unwrap(), [], "{place}");
        assert_eq!(
            one.look_for_links().await.unwrap(),
            other.look_for_links().await.unwrap(),
            "{place}"
        );
    }

    /// How many of the users found first are due, by the rows as the transaction sees them. One that cannot be read counts
    /// as too far ahead; there is at most one.
    async fn count_due(
        &self,
        transaction: &mut dyn Transaction,
        users: &[UserId],
        time: impl Fn(&Row) -> Option<UnixMs>,
    ) -> usize {
        let rows = transaction.load(&users.iter().collect::<Vec<_>>()).await.unwrap();
        let rows = seen(rows);
        let is_due = |user: &&UserId| match &rows[*user] {
            Ok(row) => time(row).is_some_and(|at| at <= self.now),
            Err(_) => false,
        };
        users.iter().take_while(is_due).count()
    }

    fn some_users(&mut self) -> Vec<UserId> {
        // The last one does not exist yet.
        let users: Vec<UserId> = (0..=self.users).map(user).collect();
        users.into_iter().filter(|_| self.rng.random_bool(0.2)).collect()
    }

    fn changed_rows(&mut self, known: &BTreeMap<UserId, Seen>) -> Vec<Row> {
        let readable = known.iter().filter(|(_, row)| row.is_ok());
        let users: Vec<UserId> = readable.map(|(user, _)| user.clone()).collect();
        users.into_iter().map(|user| self.row(user)).collect()
    }

    /// Users that no transaction has created yet.
    fn new_rows(&mut self) -> Vec<Row> {
        let first = self.users + 1;
        self.users += self
            .rng
            .random_range(1..3)
            .min(40_usize.saturating_sub(self.users));
        (first..=self.users)
            .map(|number| self.row(user(number)))
            .collect()
    }

    /// A time that no row has had: past, soon, or further ahead than a rule may set.
    fn time(&mut self) -> UnixMs {
        self.last_time += 1;
        let ahead = *[-1_000_000, 50_000, 100_000_000].choose(&mut self.rng).unwrap();
        self.now + ahead + self.last_time
    }

    fn maybe_time(&mut self, probability: f64) -> Option<UnixMs> {
        self.rng.random_bool(probability).then(|| self.time())
    }

    fn field(&mut self) -> FieldState {
        if self.rng.random_bool(0.3) {
            return FieldState::default();
        }
        let reason = Reason::ours(["ONE", "TWO:2"].choose(&mut self.rng).unwrap(), "in words");
        let results = [
            None,
            Some(FieldResult::CONFIRMED),
            Some(FieldResult::Confirmed(Confirmation::in_form(
                "Zoë '\\".to_owned(),
            ))),
            Some(FieldResult::Confirmed(Confirmation::NOT_SHOWN)),
            Some(FieldResult::NotFound),
            Some(FieldResult::Rejected {
                reason: reason.clone(),
            }),
            Some(FieldResult::Conflict {
                reason: reason.clone(),
            }),
            Some(FieldResult::Failed {
                reason,
                is_transient: true,
            }),
        ];
        FieldState {
            value: self.rng.random_bool(0.7).then(|| "Zoë \"'\\ 😀".into()),
            changed_in: self.rng.random_range(1..9),
            dirty_since: self.rng.random_range(0..9),
            resolved_at: self.rng.random_range(0..9),
            result: results.choose(&mut self.rng).unwrap().clone(),
            recorded_at: self.now,
            last_confirmed: self.rng.random_bool(0.2).then(|| 5.into()),
            ..FieldState::default()
        }
    }

    fn link(&mut self) -> Link {
        Link {
            contact_id: self.rng.random_range(1..4).to_string(),
            account_id: "4711".to_owned(),
            address: self.rng.random_bool(0.5).then(|| "ada@example.com".to_owned()),
            origin: LinkOrigin::Merged,
            shared: self.rng.random_bool(0.5),
        }
    }

    /// Any row, whether or not the rules could make it.
    fn row(&mut self, user_id: UserId) -> Row {
        let mut row = Row::new(user_id);
        row.version = self.rng.random_range(1..1_000);
        row.generation = row.version + 1;
        row.updated_at = self.now;
        row.pending_since = self.maybe_time(0.5);
        for field in Field::BUILT_IN {
            row.fields[field] = self.field();
        }
        row.link = self.rng.random_bool(0.5).then(|| self.link());
        row.was_linked = row.link.is_some() || self.rng.random_bool(0.5);
        row.open_attempt = self.rng.random_bool(0.3).then(|| OpenAttempt {
            epoch: self.rng.random_range(1..5),
            version: row.version,
            generation: row.generation,
            fields: FieldSet::from_iter([Field::FIRST_NAME]),
            since: self.now,
            address: None,
            unknown: BTreeMap::new(),
        });
        row.in_doubt = self.maybe_time(0.2).map(|until| LateWriteWindow {
            from_version: 1,
            until,
            targets: vec![(WriteTarget::contact("4711", "1"), until)],
            given_up: None,
        });
        row.wake_at = self.maybe_time(0.7);
        row.recheck_at = self.maybe_time(0.3);
        row.priority = *[Priority::Live, Priority::Backfill]
            .choose(&mut self.rng)
            .unwrap();
        row.failures = self.rng.random_range(0..3);
        let recent_changes = serde_json::json!([[u64::MAX, 1, i64::MAX]]);
        row.recent_changes = serde_json::from_value(recent_changes).unwrap();
        row
    }
}

fn user(number: usize) -> UserId {
    id(&format!("u{number:03}"))
}

/// The first users are in the same order, and the rest are the same.
fn compare_in_order(found: &[UserId], expected: &[UserId], ordered: usize, place: &str) {
    assert_eq!(found.len(), expected.len(), "{place}");
    assert_eq!(found[..ordered], expected[..ordered], "{place}");
    assert_eq!(sorted(found.to_vec()), sorted(expected.to_vec()), "{place}");
}

fn compare_sets(
    found: Result<Vec<UserId>, StoreError>,
    expected: Result<Vec<UserId>, StoreError>,
    place: &str,
) {
    assert_eq!(sorted(found.unwrap()), sorted(expected.unwrap()), "{place}");
}

fn sorted(mut users: Vec<UserId>) -> Vec<UserId> {
    users.sort();
    users
}
