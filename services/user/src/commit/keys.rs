//! The idempotency keys of a batch: those that its operations name are looked up together, and those that they use are saved with it.

use std::collections::{HashMap, HashSet};

use contracts::UserId;

use crate::{
    rules::{KeyHash, KeyedChange, Row, StoredKey, UnixMs},
    store::{KeyCount, StoreError, Transaction},
};

/// The keys that operations of the batch name.
#[derive(Debug, Default)]
pub(super) struct BatchKeys {
    /// The change that was made with each key that was looked for; none with a key that is new.
    used: HashMap<(UserId, KeyHash), Option<KeyedChange>>,
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

    /// The change that was made with a key that was looked for.
    pub(super) fn change(&self, user: &UserId, key: KeyHash) -> Option<KeyedChange> {
        self.used.get(&(user.clone(), key)).copied().flatten()
    }

    /// Counts the keys of a user that have not expired, those of this batch included.
    pub(super) async fn count(
        &self,
        transaction: &mut dyn Transaction,
        user: &UserId,
        remembered_for: UnixMs,
    ) -> Result<KeyCount, StoreError> {
        let stored = transaction.count_keys(user, remembered_for).await?;
        let new = self.new.iter().filter(|stored| stored.user_id == *user);
        let new: Vec<UnixMs> = new.map(|stored| stored.change.expires_at).collect();
        Ok(KeyCount {
            keys: stored.keys + new.len() as u64,
            oldest_expiry: stored.oldest_expiry.into_iter().chain(new).min(),
        })
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
