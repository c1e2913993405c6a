//! The idempotency keys of a batch: those that its operations name are looked up together, and those that they use are saved with it.

use std::collections::{HashMap, HashSet};

use contracts::UserId;

use crate::{
    rules::{KeyHash, KeyState, KeyedChange, RuleTiming, StoredKey, UnixMs},
    store::{FoundKey, StoreError, Transaction},
};

/// The keys that operations of the batch name.
#[derive(Debug, Default)]
pub(super) struct BatchKeys {
    /// The change that was made with each key that was looked for; none with a key that is new.
    used: HashMap<(UserId, KeyHash), Option<KeyedChange>>,
    /// The number of each user's newest key, as this batch leaves it.
    newest: HashMap<UserId, u64>,
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
        for ((user, key), FoundKey { change, newest }) in keys.into_iter().zip(found) {
            self.used.insert((user.clone(), key), change);
            self.newest.insert(user.clone(), newest);
        }
        Ok(())
    }

    /// What is known of a key that was looked for.
    pub(super) async fn state(
        &mut self,
        transaction: &mut dyn Transaction,
        user: &UserId,
        key: KeyHash,
        timing: &RuleTiming,
    ) -> Result<KeyState, StoreError> {
        let used_for = self.used.get(&(user.clone(), key)).copied().flatten();
        let full_until = match used_for {
            None => self.full_until(transaction, user, timing).await?,
            Some(_) => None,
        };
        Ok(KeyState { used_for, full_until })
    }

    /// If the user has as many keys as it may have: when the oldest one expires.
    ///
    /// Keys are numbered, and expire in the order of their numbers. So one key tells whether there is space for another: the one that is
    /// as many numbers before the next as a user may have keys. No user is asked about that has used fewer keys.
    async fn full_until(
        &mut self,
        transaction: &mut dyn Transaction,
        user: &UserId,
        timing: &RuleTiming,
    ) -> Result<Option<UnixMs>, StoreError> {
        if let Some(until) = self.full.get(user) {
            return Ok(Some(*until));
        }
        let next = self.next_number(user);
        let Some(number) = next
            .checked_sub(timing.max_idempotency_keys)
            .filter(|number| *number > 0)
        else {
            return Ok(None);
        };
        let mut new = self.new.iter();
        let new = new.find(|stored| stored.user_id == *user && stored.number == number);
        let expiry = match new {
            Some(stored) => Some(stored.change.expires_at),
            None => transaction.key_expiry(user, number).await?,
        };
        let now = transaction.now();
        // A time that is further ahead than a key may be stored for is from before the clock stepped back.
        let until = expiry.filter(|at| (now + 1..=now + timing.idempotency_key).contains(at));
        self.full.extend(until.map(|until| (user.clone(), until)));
        Ok(until)
    }

    /// Remembers what was done with a key.
    pub(super) fn use_key(&mut self, user: &UserId, key: KeyHash, change: KeyedChange) {
        let number = self.next_number(user);
        self.newest.insert(user.clone(), number);
        self.used.insert((user.clone(), key), Some(change));
        self.new.push(StoredKey {
            user_id: user.clone(),
            number,
            key,
            change,
        });
    }

    /// The keys to be saved.
    pub(super) fn new_keys(&self) -> &[StoredKey] {
        &self.new
    }

    fn next_number(&self, user: &UserId) -> u64 {
        self.newest.get(user).copied().unwrap_or(0) + 1
    }
}
