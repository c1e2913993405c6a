//! One batch: rows in memory, changed by operations, saved and committed together.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use contracts::{FieldDefinitions, Priority, RequestContext, ResolvedUser, UserChanged, UserId, WriteTarget};

use super::keys::BatchKeys;
use crate::{
    relay::AcceptedChanges,
    rules::{self, FingerprintChange, KeyHash, KeyState, KeyedChange, Lease, Row, RuleTiming, UnixMs},
    store::{
        DatabaseIdentity, KeyPosition, KeysDeleted, LateWrite, LoadedRows, StoreError, Transaction,
        UserWriter,
    },
};

/// What follows from a committed batch.
pub(super) struct Committed {
    pub(super) wake_ups: Vec<UserChanged>,
    pub(super) resolved: Vec<ResolvedUser>,
    pub(super) accepted: AcceptedChanges,
    pub(super) lost_contacts: Vec<LostContact>,
    /// Whether anything was written.
    pub(super) wrote: bool,
}

/// A user that loses its contact to another one.
pub(crate) struct LostContact {
    pub(crate) user_id: UserId,
    /// The contact to which it was linked.
    pub(crate) contact_id: Option<String>,
}

/// The rows of a batch in memory, and its transaction.
pub struct Batch<'a> {
    pub(crate) transaction: Box<dyn Transaction + 'a>,
    pub(crate) timing: &'a RuleTiming,
    /// The set of fields when the batch began.
    pub(crate) fields: Arc<FieldDefinitions>,
    /// The HTTP request of the operation that is being applied, if it has one.
    pub(crate) request: Option<RequestContext>,
    /// How long ago the operation that is being applied was sent.
    pub(crate) sent_ago: Duration,
    /// The store's clock when the transaction began.
    pub(crate) now: UnixMs,
    /// Versions and attempts that are handed out are above this number.
    pub(crate) version_floor: u64,
    /// Every user that was looked up; none where there is no such user.
    rows: HashMap<UserId, Option<Row>>,
    changed: HashSet<UserId>,
    /// Users whose rows this version cannot read, so that it must not write them.
    unreadable: HashSet<UserId>,
    lease: Option<Lease>,
    is_lease_changed: bool,
    is_fields_changed: bool,
    keys: BatchKeys,
    /// How many expired keys and late writes were deleted.
    deleted: u64,
    wake_ups: Vec<UserChanged>,
    /// The maximum number of wake-ups that the stream takes now.
    capacity: u64,
    /// Users that became clean.
    pub(crate) resolved: Vec<ResolvedUser>,
    /// Changes that HubSpot does not have yet.
    pub(crate) accepted: AcceptedChanges,
    /// Users that lose their contacts to others. They are logged after the commit.
    pub(crate) lost_contacts: Vec<LostContact>,
}

impl<'a> Batch<'a> {
    /// Begins a transaction with the rows of these users.
    pub(super) async fn begin<'u>(
        store: &'a mut dyn UserWriter,
        users: impl Iterator<Item = &'u UserId>,
        timing: &'a RuleTiming,
        fields: Arc<FieldDefinitions>,
        capacity: u64,
    ) -> Result<Self, StoreError> {
        let users: HashSet<&UserId> = users.collect();
        let users: Vec<&UserId> = users.into_iter().collect();
        let (transaction, found) = store.begin(&users).await?;
        let mut batch = Self {
            now: transaction.now(),
            version_floor: 0,
            transaction,
            timing,
            fields,
            request: None,
            sent_ago: Duration::ZERO,
            rows: HashMap::with_capacity(users.len()),
            changed: HashSet::new(),
            unreadable: HashSet::new(),
            lease: None,
            is_lease_changed: false,
            is_fields_changed: false,
            keys: BatchKeys::default(),
            deleted: 0,
            wake_ups: Vec::new(),
            capacity,
            resolved: Vec::new(),
            lost_contacts: Vec::new(),
            accepted: AcceptedChanges::default(),
        };
        batch.keep(&users, found);
        Ok(batch)
    }

    /// The database behind the transaction's connection.
    pub(super) fn identity(&self) -> Arc<DatabaseIdentity> {
        self.transaction.identity()
    }

    /// Learns the version floor on a connection that is used for the first time. If the database is another one than before, the floor
    /// is raised in this transaction, before anything is handed out.
    pub(super) async fn check_database(&mut self) -> Result<FingerprintChange, StoreError> {
        let identity = self.identity();
        let mut seen = self.transaction.read_lease().await?;
        let mut change =
            rules::check_fingerprint(&mut seen, identity.fingerprint.as_deref(), self.now, self.timing);
        self.version_floor = seen.version_floor;
        if change != FingerprintChange::None {
            // Another connection may have noticed at the same time. The second one to lock the lease finds the new fingerprint.
            let mut lease = self.lease().await?;
            change =
                rules::check_fingerprint(&mut lease, identity.fingerprint.as_deref(), self.now, self.timing);
            self.version_floor = lease.version_floor;
            self.put_lease(lease);
        }
        Ok(change)
    }

    /// Loads the users that are not in memory yet.
    pub(crate) async fn load<'u>(
        &mut self,
        users: impl IntoIterator<Item = &'u UserId>,
    ) -> Result<(), StoreError> {
        let further: HashSet<&UserId> = users
            .into_iter()
            .filter(|user| !self.rows.contains_key(*user))
            .collect();
        if further.is_empty() {
            return Ok(());
        }
        let further: Vec<&UserId> = further.into_iter().collect();
        let found = self.transaction.load(&further).await?;
        self.keep(&further, found);
        Ok(())
    }

    /// Keeps the rows that were found of the users that were looked up.
    fn keep(&mut self, looked_up: &[&UserId], found: LoadedRows) {
        self.rows
            .extend(looked_up.iter().map(|user| ((*user).clone(), None)));
        for row in found {
            match row {
                Ok(row) => drop(self.rows.insert(row.user_id.clone(), Some(row))),
                Err(error) => {
                    tracing::error!(%error, "a row is left alone; another version of this service may read it");
                    self.unreadable.extend(error.user_id.parse::<UserId>().ok());
                }
            }
        }
    }

    /// Looks for the idempotency keys that operations name.
    pub(super) async fn load_keys(&mut self, keys: &[(&UserId, KeyHash)]) -> Result<(), StoreError> {
        self.keys.load(self.transaction.as_mut(), keys).await
    }

    /// What is known of an idempotency key that was looked for.
    pub(crate) async fn key_state(&mut self, user: &UserId, key: KeyHash) -> Result<KeyState, StoreError> {
        let used_for = self.keys.change(user, key);
        let full_until = match used_for {
            None => self.keys_full_until(user).await?,
            Some(_) => None,
        };
        Ok(KeyState { used_for, full_until })
    }

    /// If a user has as many idempotency keys as it may have: when the oldest one expires.
    ///
    /// To count the keys takes long, so the row has a bound that ignores that keys expire. Only when it reaches the maximum, the keys are
    /// counted, and not again before the oldest one expires. What was counted is saved with the batch, also if the change is rejected.
    async fn keys_full_until(&mut self, user: &UserId) -> Result<Option<UnixMs>, StoreError> {
        let RuleTiming {
            max_idempotency_keys,
            idempotency_key,
            ..
        } = *self.timing;
        let row = self.row(user);
        let Some(row) = row.filter(|row| row.idempotency_keys >= max_idempotency_keys) else {
            return Ok(None);
        };
        // A time that is further ahead than a key may be stored for is from before the clock stepped back.
        if (self.now + 1..=self.now + idempotency_key).contains(&row.keys_full_until) {
            return Ok(Some(row.keys_full_until));
        }
        let transaction = self.transaction.as_mut();
        let count = self.keys.count(transaction, user, idempotency_key).await?;
        let full_until = count.oldest_expiry.filter(|_| count.keys >= max_idempotency_keys);
        if let Some(row) = self.row_mut(user) {
            row.idempotency_keys = count.keys;
            row.keys_full_until = full_until.unwrap_or(0);
        }
        Ok(full_until)
    }

    /// Remembers what was done with an idempotency key. It is saved with the batch. The caller puts the row.
    pub(crate) fn use_key(&mut self, row: &mut Row, key: KeyHash, change: KeyedChange) {
        self.keys.use_key(row, key, change);
    }

    /// Deletes those of the next `limit` idempotency keys that have expired.
    pub(crate) async fn delete_expired_keys(
        &mut self,
        after: &KeyPosition,
        limit: usize,
    ) -> Result<KeysDeleted, StoreError> {
        let deleted = self.transaction.delete_expired_keys(after, limit).await?;
        self.deleted += deleted.deleted;
        Ok(deleted)
    }

    /// Deletes at most `limit` entries of late writes that are no longer possible.
    pub(crate) async fn delete_ended_late_writes(&mut self, limit: usize) -> Result<(), StoreError> {
        self.deleted += self.transaction.delete_ended_late_writes(limit).await?;
        Ok(())
    }

    /// Calls of any user that HubSpot may still apply to these targets, as this batch has left them so far.
    pub(crate) async fn late_writes(
        &mut self,
        targets: &[&WriteTarget],
    ) -> Result<Vec<LateWrite>, StoreError> {
        if targets.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = self.transaction.find_late_writes(targets).await?;
        let now = self.now;
        let in_memory = self.rows().flat_map(late_writes_of);
        found.extend(in_memory.filter(|one| one.until > now && targets.contains(&&one.target)));
        Ok(found)
    }

    /// Whether there is such a user, but its row cannot be read.
    pub(crate) fn is_unreadable(&self, user: &UserId) -> bool {
        self.unreadable.contains(user)
    }

    /// The row of a user that was loaded.
    pub fn row(&self, user: &UserId) -> Option<&Row> {
        self.rows.get(user)?.as_ref()
    }

    /// Every row that was loaded or created so far, as the operations before left it, in no order.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.values().flatten()
    }

    /// The row of a user that was loaded, to be changed. It is saved with the batch.
    pub(crate) fn row_mut(&mut self, user: &UserId) -> Option<&mut Row> {
        let row = self.rows.get_mut(user)?.as_mut()?;
        self.changed.insert(user.clone());
        Some(row)
    }

    /// Replaces a row. It is saved with the batch.
    pub(crate) fn put(&mut self, row: Row) {
        self.changed.insert(row.user_id.clone());
        self.rows.insert(row.user_id.clone(), Some(row));
    }

    /// Publishes a wake-up for a user after the commit. If the stream has no space for it, the user is due at once, and the sweep
    /// publishes the wake-up in its turn.
    pub(crate) fn wake(&mut self, user_id: &UserId, priority: Priority) {
        let (now, is_full) = (self.now, self.wake_ups.len() as u64 >= self.capacity);
        let Some(row) = self.row_mut(user_id) else {
            return;
        };
        if is_full {
            rules::wake_now(row, now);
            return;
        }
        let version = row.version;
        self.wake_ups.push(UserChanged {
            user_id: user_id.clone(),
            version,
            priority,
        });
    }

    /// How many users were looked up.
    pub(crate) fn users_looked_up(&self) -> usize {
        self.rows.len()
    }

    /// The users that are linked to one of these contacts, as this batch has left them so far.
    pub(crate) async fn users_of_contacts(
        &mut self,
        account_id: &str,
        contacts: &[&str],
    ) -> Result<BTreeSet<UserId>, StoreError> {
        let stored = self.transaction.linked_to(account_id, contacts).await?;
        // Rows in memory may have changed their link since they were loaded, so the database does not speak for them.
        let stored = stored.into_iter().filter(|user| !self.rows.contains_key(user));
        let in_memory = self.rows.values().flatten().filter(|row| {
            let link = row.link.as_ref();
            link.is_some_and(|link| {
                link.account_id == account_id && contacts.contains(&link.contact_id.as_str())
            })
        });
        Ok(in_memory.map(|row| row.user_id.clone()).chain(stored).collect())
    }

    /// The lease. Other transactions wait for it from now on, until this one ends.
    pub(crate) async fn lease(&mut self) -> Result<Lease, StoreError> {
        if self.lease.is_none() {
            self.lease = Some(self.transaction.lease().await?);
        }
        Ok(self.lease.clone().unwrap_or_default())
    }

    /// Replaces the lease. It is saved with the batch if it differs.
    pub(crate) fn put_lease(&mut self, lease: Lease) {
        self.is_lease_changed = self.is_lease_changed || self.lease.as_ref() != Some(&lease);
        self.lease = Some(lease);
    }

    /// Saves the lease with the batch although it does not differ.
    pub(super) async fn rewrite_lease(&mut self) -> Result<(), StoreError> {
        self.lease().await?;
        self.is_lease_changed = true;
        Ok(())
    }

    /// Stores another set of fields.
    pub(crate) async fn save_fields(&mut self, definitions: &FieldDefinitions) -> Result<(), StoreError> {
        self.transaction.save_fields(definitions).await?;
        self.is_fields_changed = true;
        Ok(())
    }

    /// Saves what changed and makes it durable.
    pub(super) async fn commit(mut self) -> Result<Committed, StoreError> {
        let changed: Vec<&Row> = self
            .changed
            .iter()
            .filter_map(|user| self.rows.get(user)?.as_ref())
            .collect();
        let new_keys = self.keys.new_keys();
        let wrote = !changed.is_empty()
            || !new_keys.is_empty()
            || self.deleted > 0
            || self.is_lease_changed
            || self.is_fields_changed;
        // Keys come after the rows: of two transactions that create the same user, one fails here, before it adds a key.
        if !changed.is_empty() {
            self.transaction.save(&changed).await?;
        }
        // The table is an index of what the rows say, so that other users find it.
        let late_writes: Vec<LateWrite> = changed.iter().flat_map(|row| late_writes_of(row)).collect();
        if !late_writes.is_empty() {
            self.transaction.save_late_writes(&late_writes).await?;
        }
        if !new_keys.is_empty() {
            self.transaction.save_keys(new_keys).await?;
        }
        if let Some(lease) = self.lease.filter(|_| self.is_lease_changed) {
            self.transaction.save_lease(&lease).await?;
        }
        self.transaction.commit().await?;
        Ok(Committed {
            wake_ups: self.wake_ups,
            resolved: self.resolved,
            accepted: self.accepted,
            lost_contacts: self.lost_contacts,
            wrote,
        })
    }
}

/// The calls of a user that HubSpot may still apply.
fn late_writes_of(row: &Row) -> impl Iterator<Item = LateWrite> {
    let targets = row.in_doubt.iter().flat_map(|window| &window.targets);
    targets.map(|(target, until)| LateWrite {
        target: target.clone(),
        user_id: row.user_id.clone(),
        until: *until,
    })
}
