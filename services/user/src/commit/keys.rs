//! The idempotency keys of a batch: those that its operations name are looked up together, and those that they use are saved with it.

use std::collections::{HashMap, HashSet};

use contracts::UserId;

use crate::{
    rules::{KeyHash, KeyState, KeyedChange, Row, RuleTiming, StoredKey, UnixMs},
    store::{KeyCount, StoreError, Transaction},
};

/// The keys that operations of the batch name.
#[derive(Debug, Default)]
pub(super) struct BatchKeys {
    /// The change that was made with each key that was looked for; none with a key that is new.
    used: HashMap<(UserId, KeyHash), Option<KeyedChange>>,
    /// Users that have as many keys as they may have, and when the oldest one expires.
    full: HashMap<UserId, UnixMs>,
    /// Keys to be saved.
    new: Vec<StoredKey>,
}

impl BatchKeys {
    /// Looks for keys, all of them in one statement. Without a key nothing is asked.
    pub(super) async fn load(
        &mut self,
        transaction: &mut dyn Transaction,
        keys: &[(&UserId, KeyHash)],
    ) -> Result<(), StoreError> {
        if keys.is_empty() {
            return Ok(());
        }
        // Two operations may have the same key.
        let keys: HashSet<(&UserId, KeyHash)> = keys.iter().copied().collect();
        let keys: Vec<(&UserId, KeyHash)> = keys.into_iter().collect();
        let found = transaction.find_keys(&keys).await?;
        let keys = keys.into_iter().map(|(user, key)| (user.clone(), key));
        self.used.extend(keys.zip(found));
        Ok(())
    }

    /// What is known of a key that was looked for.
    pub(super) async fn state(
        &mut self,
        transaction: &mut dyn Transaction,
        row: &mut Row,
        key: KeyHash,
        timing: &RuleTiming,
    ) -> Result<KeyState, StoreError> {
        let used_for = self.used.get(&(row.user_id.clone(), key)).copied().flatten();
        let full_until = match used_for {
            None => self.full_until(transaction, row, timing).await?,
            Some(_) => None,
        };
        Ok(KeyState { used_for, full_until })
    }

    /// If the user has as many keys as it may have: when the oldest one expires.
    ///
    /// The row has an upper bound of the number of keys, which ignores that keys expire. Only when it reaches the maximum, the keys are
    /// counted, and the bound becomes that count. So a user with few keys is never counted, and one with many only now and then.
    async fn full_until(
        &mut self,
        transaction: &mut dyn Transaction,
        row: &mut Row,
        timing: &RuleTiming,
    ) -> Result<Option<UnixMs>, StoreError> {
        if let Some(until) = self.full.get(&row.user_id) {
            return Ok(Some(*until));
        }
        if row.idempotency_keys < timing.max_idempotency_keys {
            return Ok(None);
        }
        let KeyCount { keys, oldest_expiry } = transaction
            .count_keys(&row.user_id, timing.idempotency_key)
            .await?;
        let new = self.new.iter().filter(|stored| stored.user_id == row.user_id);
        let new_expiries: Vec<UnixMs> = new.map(|stored| stored.change.expires_at).collect();
        row.idempotency_keys = keys + new_expiries.len() as u64;
        let until = oldest_expiry.into_iter().chain(new_expiries).min();
        let until = until.filter(|_| row.idempotency_keys >= timing.max_idempotency_keys);
        self.full.extend(until.map(|until| (row.user_id.clone(), until)));
        Ok(until)
    }

    /// Remembers what was done with a key. The row has to be saved too.
    pub(super) fn use_key(&mut self, row: &mut Row, key: KeyHash, change: KeyedChange) {
        row.idempotency_keys += 1;
        let user_id = row.user_id.clone();
        self.used.insert((user_id.clone(), key), Some(change));
        self.new.push(StoredKey { user_id, key, change });
    }

    /// The keys to be saved.
    pub(super) fn new_keys(&self) -> &[StoredKey] {
        &self.new
    }
}
