//! Idempotency keys in memory, with the indexes that the databases have too.

use std::collections::{BTreeMap, BTreeSet};

use contracts::UserId;

use crate::{
    rules::{KeyHash, KeyedChange, StoredKey, UnixMs},
    store::FoundKey,
};

/// The keys that are stored.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::struct_field_names,
    reason = "each is an index, named by what it is searched by"
)]
pub(super) struct Keys {
    by_number: BTreeMap<(UserId, u64), StoredKey>,
    by_hash: BTreeSet<(UserId, KeyHash, u64)>,
    by_expiry: BTreeSet<(UnixMs, UserId, u64)>,
}

impl Keys {
    /// Looks for a key that has not expired.
    pub(super) fn find(&self, user: &UserId, key: KeyHash, now: UnixMs) -> FoundKey {
        let numbers = self
            .by_hash
            .range((user.clone(), key, 0)..=(user.clone(), key, u64::MAX));
        let newest_first = numbers.rev().filter_map(|(_, _, number)| self.get(user, *number));
        let mut valid = newest_first.filter(|stored| stored.change.expires_at > now);
        let mut own = self.by_number.range((user.clone(), 0)..=(user.clone(), u64::MAX));
        FoundKey {
            change: valid.next().map(|stored| stored.change),
            newest: own.next_back().map_or(0, |((_, number), _)| *number),
        }
    }

    /// The key of a user with this number.
    pub(super) fn get(&self, user: &UserId, number: u64) -> Option<&StoredKey> {
        self.by_number.get(&(user.clone(), number))
    }

    /// Inserts a key into each index.
    pub(super) fn insert(&mut self, stored: StoredKey) {
        let StoredKey {
            user_id,
            number,
            key,
            change: KeyedChange { expires_at, .. },
        } = &stored;
        self.by_hash.insert((user_id.clone(), *key, *number));
        self.by_expiry.insert((*expires_at, user_id.clone(), *number));
        self.by_number.insert((user_id.clone(), *number), stored);
    }

    /// Removes a key from each index.
    pub(super) fn remove(&mut self, user: &UserId, number: u64) {
        if let Some(stored) = self.by_number.remove(&(user.clone(), number)) {
            self.by_hash.remove(&(user.clone(), stored.key, number));
            let expires_at = stored.change.expires_at;
            self.by_expiry.remove(&(expires_at, user.clone(), number));
        }
    }

    /// Keys that have expired, the oldest first.
    pub(super) fn expired(&self, now: UnixMs) -> impl Iterator<Item = (&UserId, u64)> {
        let expired = self.by_expiry.iter().take_while(move |(at, ..)| *at <= now);
        expired.map(|(_, user, number)| (user, *number))
    }

    /// Every stored key, by user and number.
    pub(super) fn all(&self) -> impl Iterator<Item = &StoredKey> {
        self.by_number.values()
    }
}
