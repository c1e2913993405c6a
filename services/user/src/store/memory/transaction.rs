//! A transaction of a store in memory.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    ops::{Bound, RangeBounds},
    sync::Arc,
};

use async_trait::async_trait;
use contracts::{FieldDefinitions, Priority, UserId, WriteTarget};

use super::{
    Commit, MemoryError, MemoryFault, MemoryStore, Shared,
    index::Index,
    keys::Keys,
    tables::{StoredRow, Tables},
};
use crate::{
    rules::{KeyHash, KeyedChange, Lease, Row, RuleTiming, StoredKey, UnixMs},
    store::{
        DatabaseIdentity, KeyCount, KeyPosition, KeysDeleted, LateWrite, LoadedRows, StoreError, Transaction,
        columns::{integer, priority_number},
    },
    time::Clock,
};

/// Tells the transactions of a store apart.
pub(super) type TransactionId = u64;

/// What a transaction has written is kept beside what is committed until it commits. Rows and lease that it holds are
/// released when it is committed, rolled back or dropped.
pub(super) struct MemoryTransaction {
    store: MemoryStore,
    id: TransactionId,
    now: UnixMs,
    identity: Arc<DatabaseIdentity>,
    /// The rows this transaction holds.
    held: HashSet<UserId>,
    /// The rows it has written.
    written: Tables,
    written_lease: Option<Lease>,
    written_fields: Option<FieldDefinitions>,
    /// The keys it has saved.
    saved_keys: Keys,
    /// The committed keys it has deleted, and when they expired.
    deleted_keys: BTreeMap<(UserId, KeyHash), UnixMs>,
    saved_late_writes: Vec<LateWrite>,
    /// The late writes it has deleted.
    deleted_late_writes: Vec<(WriteTarget, UserId)>,
    is_open: bool,
}

impl MemoryTransaction {
    /// Begins a transaction that holds the rows of those users that exist. Where transactions wait for each other, it waits
    /// for those that hold one of them.
    pub(super) async fn begin(
        store: &MemoryStore,
        clock: &Clock,
        users: &[&UserId],
    ) -> Result<(Self, LoadedRows), StoreError> {
        store
            .wait_while(|shared| users.iter().any(|user| shared.is_held(user)))
            .await;
        let mut shared = store.lock();
        shared.faults.strike(MemoryFault::BeginFails)?;
        let contended: Vec<UserId> = users
            .iter()
            .filter(|user| shared.is_held(user))
            .map(|user| (*user).clone())
            .collect();
        if !contended.is_empty() {
            return Err(StoreError::Contended(contended));
        }
        shared.last_transaction += 1;
        let mut transaction = Self {
            store: store.clone(),
            id: shared.last_transaction,
            // Read once the rows are known to be free, as on PostgreSQL: transactions that held them before have an
            // earlier time.
            now: clock.now(),
            identity: Arc::clone(&shared.identity),
            held: HashSet::new(),
            written: Tables::default(),
            written_lease: None,
            written_fields: None,
            saved_keys: Keys::default(),
            deleted_keys: BTreeMap::new(),
            saved_late_writes: Vec::new(),
            deleted_late_writes: Vec::new(),
            is_open: true,
        };
        let rows = transaction.hold_and_decode(&mut shared, users);
        drop(shared);
        Ok((transaction, rows))
    }

    /// Does a statement on what is committed.
    async fn statement<T>(
        &mut self,
        run: impl FnOnce(&mut Self, &mut Shared) -> Result<T, StoreError> + Send,
    ) -> Result<T, StoreError> {
        self.store.pause_if_planned().await;
        self.run(run)
    }

    /// Does a statement for which the transaction has to hold the lease.
    async fn statement_on_lease<T>(
        &mut self,
        run: impl FnOnce(&mut Self, &mut Shared) -> T + Send,
    ) -> Result<T, StoreError> {
        self.store.pause_if_planned().await;
        let is_anothers = |shared: &Shared| shared.held_lease.is_some_and(|holder| holder != self.id);
        self.store.wait_while(is_anothers).await;
        self.run(|this, shared| {
            this.hold_lease(shared)?;
            Ok(run(this, shared))
        })
    }

    /// After an error the transaction is rolled back, as PostgreSQL would do.
    fn run<T>(
        &mut self,
        run: impl FnOnce(&mut Self, &mut Shared) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if !self.is_open {
            return Err(StoreError::before_commit(MemoryError::RolledBack));
        }
        let store = self.store.clone();
        let mut shared = store.lock();
        let result = shared.faults.strike(MemoryFault::StatementFails);
        let result = result.and_then(|()| run(self, &mut shared));
        if result.is_err() {
            self.end(&mut shared);
        }
        result
    }

    /// Releases what the transaction holds. What it has written and not committed is forgotten.
    fn end(&mut self, shared: &mut Shared) {
        self.is_open = false;
        for user in self.held.drain() {
            shared.held_rows.remove(&user);
        }
        shared.held_keys.retain(|_, holder| *holder != self.id);
        if shared.held_lease == Some(self.id) {
            shared.held_lease = None;
        }
    }

    fn is_held_by_another(&self, shared: &Shared, user: &UserId) -> bool {
        shared
            .held_rows
            .get(user)
            .is_some_and(|holder| *holder != self.id)
    }

    fn hold(&mut self, shared: &mut Shared, user: &UserId) {
        if self.held.insert(user.clone()) {
            shared.held_rows.insert(user.clone(), self.id);
        }
    }

    /// The row of a user as this transaction sees it.
    fn stored<'a>(&'a self, shared: &'a Shared, user: &UserId) -> Option<&'a StoredRow> {
        self.written
            .rows
            .get(user)
            .or_else(|| shared.committed.tables.rows.get(user))
    }

    fn hold_and_decode(&mut self, shared: &mut Shared, users: &[&UserId]) -> LoadedRows {
        let mut rows = Vec::with_capacity(users.len());
        // Each user once and by id, whatever order the caller's sets have, so that a simulation can be repeated.
        let users: BTreeSet<&UserId> = users.iter().copied().collect();
        for user in users {
            if let Some(stored) = self.stored(shared, user) {
                rows.push(stored.decode());
                self.hold(shared, user);
            }
        }
        rows
    }

    fn load_rows(&mut self, shared: &mut Shared, users: &[&UserId]) -> Result<LoadedRows, StoreError> {
        let exists = |user: &UserId| shared.committed.tables.rows.contains_key(user);
        if users
            .iter()
            .any(|user| exists(user) && self.is_held_by_another(shared, user))
        {
            // All of them, as on PostgreSQL, whose error does not name the row.
            return Err(StoreError::Contended(users.iter().copied().cloned().collect()));
        }
        Ok(self.hold_and_decode(shared, users))
    }

    fn save_rows(&mut self, shared: &mut Shared, rows: &[&Row]) -> Result<(), StoreError> {
        let new = rows.iter().filter(|row| !self.held.contains(&row.user_id));
        let new: Vec<UserId> = new.map(|row| row.user_id.clone()).collect();
        // Another transaction has created one of them since it was loaded, or is about to.
        let exists = |user: &UserId| {
            shared.committed.tables.rows.contains_key(user) || self.is_held_by_another(shared, user)
        };
        if new.iter().any(exists) {
            return Err(StoreError::Contended(new));
        }
        for row in rows {
            self.hold(shared, &row.user_id);
            self.written.put(row.user_id.clone(), shared.encoding.stored(row));
        }
        Ok(())
    }

    fn put_off_rows(
        &mut self,
        shared: &mut Shared,
        users: &[UserId],
        timing: &RuleTiming,
    ) -> Result<(), StoreError> {
        let (due_at, recheck_at) = (
            self.now + timing.max_wake_up_distance(),
            self.now + RuleTiming::max_recheck_distance(),
        );
        if users.iter().any(|user| self.is_held_by_another(shared, user)) {
            return Err(StoreError::Contended(users.to_vec()));
        }
        for user in users {
            let Some(mut stored) = self.stored(shared, user).cloned() else {
                continue;
            };
            stored.columns.due_at = stored.columns.due_at.map(|_| due_at);
            stored.columns.recheck_at = stored.columns.recheck_at.map(|_| recheck_at);
            self.hold(shared, user);
            self.written.put(user.clone(), stored);
        }
        Ok(())
    }

    /// At most `limit` users of a range of an index, as this transaction sees it.
    fn select<K: Ord>(
        &self,
        shared: &Shared,
        index: impl Fn(&Tables) -> &Index<K>,
        range: impl RangeBounds<K> + Clone,
        accept: impl Fn(&UserId) -> bool,
        limit: usize,
    ) -> Vec<UserId> {
        // What this transaction has written replaces the committed row, whether or not it is in the range.
        let is_written = |user: &UserId| self.written.rows.contains_key(user);
        let committed = index(&shared.committed.tables).users(range.clone());
        let committed = committed.filter(|(_, user)| !is_written(user) && accept(user));
        let mut found: Vec<(&K, &UserId)> = committed.take(limit).collect();
        let written = index(&self.written).users(range);
        found.extend(written.filter(|(_, user)| accept(user)));
        found.sort_unstable();
        found.truncate(limit);
        found.into_iter().map(|(_, user)| user.clone()).collect()
    }

    /// Like [`select`](Self::select), from two ranges one after the other. Rows that another transaction holds are
    /// skipped, and this one holds those that it found.
    fn select_and_hold<K: Ord + Clone>(
        &mut self,
        shared: &mut Shared,
        index: impl Fn(&Tables) -> &Index<K>,
        ranges: [(Bound<K>, Bound<K>); 2],
        accept: impl Fn(&StoredRow) -> bool,
        limit: usize,
    ) -> Vec<UserId> {
        let mut found = Vec::new();
        for range in ranges {
            let accept = |user: &UserId| {
                !self.is_held_by_another(shared, user) && self.stored(shared, user).is_some_and(&accept)
            };
            let left = limit - found.len();
            found.extend(self.select(shared, &index, range, accept, left));
        }
        for user in &found {
            self.hold(shared, user);
        }
        found
    }

    /// Looks for a key as this transaction sees it. It deletes only keys that have expired, which are not found anyway.
    fn find_key(&self, shared: &Shared, user: &UserId, key: KeyHash) -> Option<KeyedChange> {
        let own = self.saved_keys.find(user, key, self.now);
        own.or_else(|| shared.committed.keys.find(user, key, self.now))
    }

    /// Counts the keys of a user that have not expired, as this transaction sees them.
    fn count_live_keys(&self, shared: &Shared, user: &UserId, remembered_for: UnixMs) -> KeyCount {
        let mut expiries: BTreeMap<KeyHash, UnixMs> = BTreeMap::new();
        for keys in [&shared.committed.keys, &self.saved_keys] {
            expiries.extend(keys.of_user(user).map(|(key, change)| (key, change.expires_at)));
        }
        expiries.retain(|_, at| (self.now + 1..=self.now + remembered_for).contains(at));
        KeyCount {
            keys: expiries.len() as u64,
            oldest_expiry: expiries.into_values().min(),
        }
    }

    /// Keys that this transaction or another one deletes or saves are skipped.
    fn delete_expired(&mut self, shared: &mut Shared, after: &KeyPosition, limit: usize) -> KeysDeleted {
        let page: Vec<_> = shared.committed.keys.behind(after).take(limit).collect();
        let last = page.last().filter(|_| page.len() == limit);
        let next = last.map(|((user, key), _)| KeyPosition {
            user_id: user.to_string(),
            key_hash: key.0.to_vec(),
        });
        let expired = page
            .into_iter()
            .filter(|(key, change)| change.expires_at <= self.now && !shared.held_keys.contains_key(key));
        let expired: Vec<_> = expired
            .map(|(key, change)| (key.clone(), change.expires_at))
            .collect();
        let deleted = expired.len() as u64;
        let held = expired.iter().map(|(key, _)| (key.clone(), self.id));
        shared.held_keys.extend(held);
        self.deleted_keys.extend(expired);
        KeysDeleted { deleted, next }
    }

    fn hold_lease(&mut self, shared: &mut Shared) -> Result<(), StoreError> {
        if shared.held_lease.is_some_and(|holder| holder != self.id) {
            return Err(StoreError::before_commit(MemoryError::LeaseIsHeld));
        }
        shared.held_lease = Some(self.id);
        Ok(())
    }

    /// Makes what was written the committed state, unless a planted fault loses it.
    fn apply(&mut self, shared: &mut Shared) -> Result<(), StoreError> {
        shared.faults.strike(MemoryFault::CommitLost)?;
        shared.commit(Commit {
            rows: std::mem::take(&mut self.written.rows),
            lease: self.written_lease.take(),
            fields: self.written_fields.take(),
            deleted_late_writes: std::mem::take(&mut self.deleted_late_writes),
            saved_late_writes: std::mem::take(&mut self.saved_late_writes),
            deleted_keys: self.deleted_keys.clone(),
            saved_keys: std::mem::take(&mut self.saved_keys),
        });
        shared.faults.strike(MemoryFault::AnswerLost)
    }
}

/// Rolls back what was not committed.
impl Drop for MemoryTransaction {
    fn drop(&mut self) {
        if self.is_open {
            let store = self.store.clone();
            self.end(&mut store.lock());
        }
    }
}

#[async_trait]
impl Transaction for MemoryTransaction {
    fn now(&self) -> UnixMs {
        self.now
    }

    fn identity(&self) -> Arc<DatabaseIdentity> {
        Arc::clone(&self.identity)
    }

    async fn load(&mut self, users: &[&UserId]) -> Result<LoadedRows, StoreError> {
        self.statement(|this, shared| this.load_rows(shared, users)).await
    }

    async fn save(&mut self, rows: &[&Row]) -> Result<(), StoreError> {
        self.statement(|this, shared| this.save_rows(shared, rows)).await
    }

    async fn put_off(&mut self, users: &[UserId], timing: &RuleTiming) -> Result<(), StoreError> {
        self.statement(|this, shared| this.put_off_rows(shared, users, timing))
            .await
    }

    async fn due(
        &mut self,
        priority: Priority,
        timing: &RuleTiming,
        limit: usize,
    ) -> Result<Vec<UserId>, StoreError> {
        let priority = priority_number(priority);
        let (now, furthest) = (self.now, self.now + timing.max_wake_up_distance());
        let due = (
            Bound::Included((priority, UnixMs::MIN)),
            Bound::Included((priority, now)),
        );
        let too_far = (
            Bound::Excluded((priority, furthest)),
            Bound::Included((priority, UnixMs::MAX)),
        );
        self.statement(|this, shared| {
            Ok(this.select_and_hold(shared, |tables| &tables.due, [due, too_far], |_| true, limit))
        })
        .await
    }

    async fn rechecks(&mut self, limit: usize) -> Result<Vec<UserId>, StoreError> {
        let due = (Bound::Unbounded, Bound::Included(self.now));
        let furthest = self.now + RuleTiming::max_recheck_distance();
        let too_far = (Bound::Excluded(furthest), Bound::Unbounded);
        self.statement(|this, shared| {
            Ok(this.select_and_hold(shared, |tables| &tables.rechecks, [due, too_far], |_| true, limit))
        })
        .await
    }

    async fn left_open(&mut self, epoch: u64, limit: usize) -> Result<Vec<UserId>, StoreError> {
        self.statement(|this, shared| {
            Ok(this.select(
                shared,
                |tables| &tables.open_attempts,
                ..integer(epoch),
                |_| true,
                limit,
            ))
        })
        .await
    }

    async fn users_with_published_wake_ups(&mut self, limit: usize) -> Result<Vec<UserId>, StoreError> {
        let now = self.now;
        let in_future = |priority| {
            let priority = priority_number(priority);
            (
                Bound::Excluded((priority, now)),
                Bound::Included((priority, UnixMs::MAX)),
            )
        };
        let waits_for_a_worker = |stored: &StoredRow| {
            let columns = &stored.columns;
            // The rest is in the JSON. A row that cannot be read is not known to have been announced.
            columns.is_dirty
                && columns.open_epoch.is_none()
                && stored
                    .decode()
                    .is_ok_and(|row| row.failures == 0 && row.wake_at.is_some_and(|at| at > now))
        };
        let ranges = [in_future(Priority::Live), in_future(Priority::Backfill)];
        self.statement(|this, shared| {
            Ok(this.select_and_hold(shared, |tables| &tables.due, ranges, waits_for_a_worker, limit))
        })
        .await
    }

    async fn linked_to(&mut self, account: &str, contacts: &[&str]) -> Result<Vec<UserId>, StoreError> {
        self.statement(|this, shared| {
            let linked = contacts.iter().flat_map(|contact| {
                let contact = (account.to_owned(), (*contact).to_owned());
                let range = contact.clone()..=contact;
                this.select(shared, |tables| &tables.contacts, range, |_| true, usize::MAX)
            });
            Ok(linked.collect())
        })
        .await
    }

    async fn look_for_links(&mut self) -> Result<bool, StoreError> {
        self.statement(|this, shared| {
            if this.written.rows.is_empty() {
                return Ok(!shared.committed.tables.contacts.is_empty());
            }
            Ok(!this
                .select(shared, |tables| &tables.contacts, .., |_| true, 1)
                .is_empty())
        })
        .await
    }

    async fn read_lease(&mut self) -> Result<Lease, StoreError> {
        self.statement(|this, shared| {
            Ok(this
                .written_lease
                .clone()
                .unwrap_or_else(|| shared.committed.lease.clone()))
        })
        .await
    }

    async fn lease(&mut self) -> Result<Lease, StoreError> {
        self.statement_on_lease(|this, shared| {
            this.written_lease
                .clone()
                .unwrap_or_else(|| shared.committed.lease.clone())
        })
        .await
    }

    async fn save_lease(&mut self, lease: &Lease) -> Result<(), StoreError> {
        self.statement_on_lease(|this, _| this.written_lease = Some(lease.clone()))
            .await
    }

    async fn read_fields(&mut self) -> Result<Option<FieldDefinitions>, StoreError> {
        self.statement(|this, shared| {
            Ok(this
                .written_fields
                .clone()
                .or_else(|| shared.committed.fields.clone()))
        })
        .await
    }

    async fn save_fields(&mut self, definitions: &FieldDefinitions) -> Result<(), StoreError> {
        self.statement_on_lease(|this, _| this.written_fields = Some(definitions.clone()))
            .await
    }

    async fn find_keys(
        &mut self,
        keys: &[(&UserId, KeyHash)],
    ) -> Result<Vec<Option<KeyedChange>>, StoreError> {
        self.statement(|this, shared| {
            let found = keys.iter().map(|(user, key)| this.find_key(shared, user, *key));
            Ok(found.collect())
        })
        .await
    }

    async fn count_keys(&mut self, user: &UserId, remembered_for: UnixMs) -> Result<KeyCount, StoreError> {
        self.statement(|this, shared| Ok(this.count_live_keys(shared, user, remembered_for)))
            .await
    }

    async fn save_keys(&mut self, keys: &[StoredKey]) -> Result<(), StoreError> {
        self.store.pause_if_planned().await;
        let id = self.id;
        let is_anothers = |shared: &Shared| {
            let mut holders = keys
                .iter()
                .filter_map(|stored| shared.held_keys.get(&(stored.user_id.clone(), stored.key)));
            holders.any(|holder| *holder != id)
        };
        self.store.wait_while(is_anothers).await;
        self.run(|this, shared| {
            if is_anothers(shared) {
                return Err(StoreError::before_commit(MemoryError::KeyIsHeld));
            }
            for stored in keys {
                shared.held_keys.insert((stored.user_id.clone(), stored.key), id);
                this.saved_keys.save(stored.clone());
            }
            Ok(())
        })
    }

    async fn delete_expired_keys(
        &mut self,
        after: &KeyPosition,
        limit: usize,
    ) -> Result<KeysDeleted, StoreError> {
        self.statement(|this, shared| Ok(this.delete_expired(shared, after, limit)))
            .await
    }

    async fn find_late_writes(&mut self, targets: &[&WriteTarget]) -> Result<Vec<LateWrite>, StoreError> {
        self.statement(|this, shared| {
            let late_writes = shared.committed.tables.late_writes.iter();
            let found = late_writes
                .filter(|((target, _), until)| **until > this.now && targets.contains(&target))
                .map(|((target, user_id), until)| LateWrite {
                    target: target.clone(),
                    user_id: user_id.clone(),
                    until: *until,
                });
            Ok(found.collect())
        })
        .await
    }

    async fn save_late_writes(&mut self, new: &[LateWrite]) -> Result<(), StoreError> {
        self.statement(|this, _| {
            this.saved_late_writes.extend_from_slice(new);
            Ok(())
        })
        .await
    }

    async fn delete_ended_late_writes(&mut self, limit: usize) -> Result<u64, StoreError> {
        self.statement(|this, shared| {
            let late_writes = shared.committed.tables.late_writes.iter();
            let ended = late_writes.filter(|(_, until)| **until <= this.now).take(limit);
            this.deleted_late_writes = ended.map(|(key, _)| key.clone()).collect();
            Ok(this.deleted_late_writes.len() as u64)
        })
        .await
    }

    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        self.statement(|this, shared| {
            let result = this.apply(shared);
            this.end(shared);
            result
        })
        .await
    }
}
