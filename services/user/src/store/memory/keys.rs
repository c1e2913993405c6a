//! Idempotency keys in memory.

use std::{collections::BTreeMap, ops::Bound};

use contracts::UserId;

use crate::{
    rules::{KeyHash, KeyedChange, StoredKey, UnixMs},
    store::KeyPosition,
};

/// The keys that are stored, by user and hash.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys(BTreeMap<(UserId, KeyHash), KeyedChange>);

impl Keys {
    /// The change that was made with a key, if it has not expired.
    pub(super) fn find(&self, user: &UserId, key: KeyHash, now: UnixMs) -> Option<KeyedChange> {
        let change = self.0.get(&(user.clone(), key)).copied();
        change.filter(|change| change.expires_at > now)
    }

    /// The keys of a user and their changes.
    pub(super) fn of_user(&self, user: &UserId) -> impl Iterator<Item = (KeyHash, &KeyedChange)> {
        let first = (user.clone(), KeyHash([0; 32]));
        let last = (user.clone(), KeyHash([u8::MAX; 32]));
        self.0
            .range(first..=last)
            .map(|((_, key), change)| (*key, change))
    }

    /// The keys behind a position.
    pub(super) fn behind<'a>(
        &'a self,
        after: &KeyPosition,
    ) -> impl Iterator<Item = (&'a (UserId, KeyHash), &'a KeyedChange)> + use<'a> {
        let key = (
            after.user_id.parse::<UserId>(),
            <[u8; 32]>::try_from(after.key_hash.as_slice()),
        );
        let start = match key {
            (Ok(user), Ok(hash)) => Bound::Excluded((user, KeyHash(hash))),
            // The position before all keys.
            _ => Bound::Unbounded,
        };
        self.0.range((start, Bound::Unbounded))
    }

    /// Inserts a key, or replaces it.
    pub(super) fn save(&mut self, stored: StoredKey) {
        self.0.insert((stored.user_id, stored.key), stored.change);
    }

    /// Removes a key, unless it was used again meanwhile.
    pub(super) fn remove(&mut self, key: &(UserId, KeyHash), expires_at: UnixMs) {
        if self
            .0
            .get(key)
            .is_some_and(|change| change.expires_at == expires_at)
        {
            self.0.remove(key);
        }
    }

    /// Every stored key, by user and hash.
    pub(super) fn all(&self) -> impl Iterator<Item = StoredKey> {
        self.0.iter().map(|((user_id, key), change)| StoredKey {
            user_id: user_id.clone(),
            key: *key,
            change: *change,
        })
    }
}
