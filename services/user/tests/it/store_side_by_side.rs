//! The store in memory and the database that `TEST_DATABASE` names do the same random operations. Every answer is compared.
//!
//! SQL leaves the order of equal times open, so no two rows have the same time, and answers without an order are sorted.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use contracts::{
    Field, FieldResult, FieldSet, Link, LinkOrigin, Priority, ProblemFilter, Reason, SyncState, UserId,
};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use testing::database::TestDatabase;
use user::{
    rules::{FieldState, LateWriteWindow, Lease, OpenAttempt, Row, RuleTiming, UnixMs, UsedKey},
    store::{
        self, Counts, List, LoadedRows, Opened, ScanFilter, StoreError, Transaction, UserReader, UserScan,
        memory::MemoryStore,
    },
    time::Clock,
};

use crate::{
    beside::{Beside, Statement},
    stack::id,
};

const ROUNDS: usize = 100;
/// More users than there are.
const ALL: usize = 1_000;
const UNREADABLE: Statement = Statement {
    sqlite: "UPDATE users SET ledger = '{\"of\":\"another version\"}' WHERE user_id = 'u003'",
    postgres: "UPDATE users SET ledger = '{\"of\":\"another version\"}' WHERE user_id = 'u003'",
};

/// A row as far as it can be read.
type Seen = Result<Row, String>;

/// What the test knows of the stores.
struct World {
    rng: StdRng,
    now: UnixMs,
    /// How many users have been created, some of them by transactions that were dropped.
    users: usize,
    /// Makes every time another one.
    last_time: UnixMs,
}

#[tokio::test]
async fn memory_and_database_give_the_same_answers() {
    for seed in 0..2 {
        let database = TestDatabase::fresh().await;
        let now = Arc::new(AtomicI64::new(0));
        let clock = {
            let now = Arc::clone(&now);
            Clock::new(move || now.load(Ordering::Relaxed))
        };
        let store = MemoryStore::new(clock.clone());
        let mut memory = store.open(1);
        let mut disk = store::open(&database.url().parse().unwrap()).await.unwrap();
        disk.writers[0].use_clock(clock);
        let mut world = World {
            rng: StdRng::seed_from_u64(seed),
            now: 10_000_000_000,
            users: 0,
            last_time: 0,
        };
        for round in 0..ROUNDS {
            let place = format!("seed {seed}, round {round}");
            world.now += *[1, 10, 1_000, 61_000, 86_400_000].choose(&mut world.rng).unwrap();
            now.store(world.now, Ordering::Relaxed);
            world.transact(&mut memory, &mut disk, &place).await;
            if round == ROUNDS / 2 {
                store.make_unreadable(&id("u003"));
                let mut beside = Beside::at(database.url().parse().unwrap()).await;
                beside.execute(UNREADABLE).await;
                beside.close().await;
            }
            compare_reads(memory.reader.as_ref(), disk.reader.as_ref(), &mut world, &place).await;
        }
        disk.close().await.unwrap();
    }
}

impl World {
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
        let lease = one.lease().await.unwrap();
        assert_eq!(lease, other.lease().await.unwrap(), "{place}");
        let lease = Lease {
            epoch: lease.epoch + 1,
            holder: self.rng.random_bool(0.5).then(|| "w".to_owned()),
            paused_since: self.rng.random_bool(0.5).then_some(self.now),
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

    /// Every selection, with all that it finds and cut short.
    async fn compare_selections(
        &mut self,
        one: &mut dyn Transaction,
        other: &mut dyn Transaction,
        place: &str,
    ) {
        let limit = self.rng.random_range(0..8);
        let terms = RuleTiming::default();
        for priority in [Priority::Live, Priority::Backfill] {
            let all = one.due(priority, &terms, ALL).await.unwrap();
            let expected = other.due(priority, &terms, ALL).await.unwrap();
            // Those that are due come in the order of their times, those too far ahead after them in any order.
            let due = self.count_due(one, &all, Row::due_at).await;
            compare_in_order(&all, &expected, due, place);
            let some = one.due(priority, &terms, limit).await.unwrap();
            let expected = other.due(priority, &terms, limit).await.unwrap();
            assert_eq!(some.len(), expected.len(), "{place}");
            assert_eq!(some[..due.min(limit)], expected[..due.min(limit)], "{place}");
        }
        let all = one.rechecks(ALL).await.unwrap();
        let due = self.count_due(one, &all, |row| row.recheck_at).await;
        compare_in_order(&all, &other.rechecks(ALL).await.unwrap(), due, place);
        let epoch = self.rng.random_range(0..5);
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
            let found = one.linked_to("4711", contact).await;
            compare_sets(found, other.linked_to("4711", contact).await, place);
        }
        assert_eq!(one.linked_to("4712", "1").await.unwrap(), [], "{place}");
        assert_eq!(
            one.has_links().await.unwrap(),
            other.has_links().await.unwrap(),
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
            Some(FieldResult::Confirmed),
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
            value: self.rng.random_bool(0.7).then(|| "Zoë \"'\\ 😀".to_owned()),
            changed_in: self.rng.random_range(1..9),
            dirty_since: self.rng.random_range(0..9),
            resolved_at: self.rng.random_range(0..9),
            result: results.choose(&mut self.rng).unwrap().clone(),
            recorded_at: self.now,
            ..FieldState::default()
        }
    }

    fn problem_filter(&mut self) -> ProblemFilter {
        let states = [
            SyncState::Rejected,
            SyncState::Conflict,
            SyncState::Failed,
            SyncState::NotFound,
        ];
        let state = self
            .rng
            .random_bool(0.8)
            .then(|| *states.choose(&mut self.rng).unwrap());
        let reasons = [None, Some(""), Some("ONE"), Some("TWO:2")];
        // A reason needs a state.
        let reason = reasons.choose(&mut self.rng).unwrap().filter(|_| state.is_some());
        let reason = reason.map(str::to_owned);
        ProblemFilter { state, reason }
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
        for field in Field::ALL {
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
        });
        row.wake_at = self.maybe_time(0.7);
        row.recheck_at = self.maybe_time(0.3);
        row.priority = *[Priority::Live, Priority::Backfill]
            .choose(&mut self.rng)
            .unwrap();
        row.failures = self.rng.random_range(0..3);
        row.keys = vec![UsedKey {
            key: "k".to_owned(),
            version: 1,
            given: u64::MAX,
        }];
        row
    }
}

fn user(number: usize) -> UserId {
    id(&format!("u{number:03}"))
}

fn seen(rows: LoadedRows) -> BTreeMap<UserId, Seen> {
    let seen = |row: Result<Row, store::Unreadable>| match row {
        Ok(row) => (row.user_id.clone(), Ok(row)),
        Err(unreadable) => (id(&unreadable.user_id), Err(unreadable.reason)),
    };
    rows.into_iter().map(seen).collect()
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

/// Rows, lists, scans and counts of what is committed.
async fn compare_reads(memory: &dyn UserReader, disk: &dyn UserReader, world: &mut World, place: &str) {
    // Every row is in the list of all users; these are one that may be there and one that is not.
    for number in [world.rng.random_range(0..=world.users), world.users + 1] {
        let user = user(number);
        let found = memory.find(&user).await.map_err(|error| error.to_string());
        let expected = disk.find(&user).await.map_err(|error| error.to_string());
        assert_eq!(found, expected, "{place}");
    }
    let (found, expected) = (counts(memory).await, counts(disk).await);
    assert_eq!(found, expected, "{place}");
    let (filter, limit) = (world.problem_filter(), world.rng.random_range(3..20));
    let problems = |after: Option<&str>| List::problems(&filter, after).unwrap();
    let expected = pages(disk, problems, limit).await;
    assert_eq!(
        pages(memory, problems, limit).await,
        expected,
        "{place}: {filter:?}"
    );
    let pending = |after: Option<&str>| List::pending(after).unwrap();
    let expected = pages(disk, pending, limit).await;
    assert_eq!(pages(memory, pending, limit).await, expected, "{place}");
    let all = |after: Option<&str>| List::all(after.map(id).as_ref());
    let expected = pages(disk, all, limit).await;
    assert_eq!(pages(memory, all, limit).await, expected, "{place}");
    for filter in [ScanFilter::Linked, ScanFilter::Dirty] {
        for limit in [limit, ALL] {
            let expected = scan_all(disk, filter, limit).await;
            assert_eq!(
                scan_all(memory, filter, limit).await,
                expected,
                "{place}: {filter:?}"
            );
        }
    }
}

/// Counts without the time, which is the machine's on disk, and with the problems in order.
async fn counts(reader: &dyn UserReader) -> (Counts, Vec<(SyncState, String, i64, String)>) {
    let mut counts = reader.count().await.unwrap();
    counts.now = 0;
    let problems = std::mem::take(&mut counts.problems);
    let problems = problems.into_iter();
    let problems = problems.map(|total| (total.state(), total.reason, total.users, total.example));
    let mut problems: Vec<_> = problems.collect();
    problems.sort();
    (counts, problems)
}

/// Every page of a list, with the positions.
async fn pages(
    reader: &dyn UserReader,
    list: impl Fn(Option<&str>) -> List,
    limit: usize,
) -> Vec<(String, Seen)> {
    let mut all: Vec<(String, Seen)> = Vec::new();
    loop {
        let after = all.last().map(|(position, _)| position.clone());
        let page = reader.list(&list(after.as_deref()), limit).await.unwrap();
        if page.is_empty() {
            return all;
        }
        let page = page.into_iter();
        all.extend(page.map(|listed| (listed.position, listed.row.map_err(|error| error.to_string()))));
    }
}

/// Every page of a scan, with its end.
async fn scan_all(
    reader: &dyn UserReader,
    filter: ScanFilter,
    limit: usize,
) -> Vec<(BTreeMap<UserId, Seen>, Option<UserId>)> {
    let mut pages: Vec<(BTreeMap<UserId, Seen>, Option<UserId>)> = Vec::new();
    loop {
        let after = pages.last().and_then(|(_, next)| next.clone());
        if after.is_none() && !pages.is_empty() {
            return pages;
        }
        let scan = UserScan {
            after: after.as_ref(),
            filter,
            limit,
        };
        let page = reader.scan(&scan).await.unwrap();
        pages.push((seen(page.rows), page.next));
    }
}
