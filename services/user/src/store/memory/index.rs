//! An index over users.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::{Bound, RangeBounds},
};

use contracts::UserId;

/// The users that have a key, in the order of the keys; users with the same key are in the order of their ids.
#[derive(Debug, Clone)]
pub(super) struct Index<K>(BTreeMap<K, BTreeSet<UserId>>);

impl<K> Default for Index<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord> Index<K> {
    /// Adds a user; without a key it is not part of the index.
    pub(super) fn insert(&mut self, key: Option<K>, user_id: &UserId) {
        if let Some(key) = key {
            self.0.entry(key).or_default().insert(user_id.clone());
        }
    }

    /// Removes a user from the key under which it was added.
    pub(super) fn remove(&mut self, key: Option<K>, user_id: &UserId) {
        let Some(key) = key else { return };
        if let Some(users) = self.0.get_mut(&key) {
            users.remove(user_id);
            if users.is_empty() {
                self.0.remove(&key);
            }
        }
    }

    /// The users of each key in a range. A range that ends before it begins is empty.
    pub(super) fn range(&self, range: impl RangeBounds<K>) -> impl Iterator<Item = (&K, &BTreeSet<UserId>)> {
        let found = (!is_empty(&range)).then(|| self.0.range(range));
        found.into_iter().flatten()
    }

    /// Each user of a range with its key.
    pub(super) fn users(&self, range: impl RangeBounds<K>) -> impl Iterator<Item = (&K, &UserId)> {
        self.range(range)
            .flat_map(|(key, users)| users.iter().map(move |user| (key, user)))
    }

    /// Whether there is no user in it.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whether a range contains nothing. The map would panic if it were asked for such a range.
fn is_empty<K: Ord>(range: &impl RangeBounds<K>) -> bool {
    match (range.start_bound(), range.end_bound()) {
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
        (Bound::Included(start), Bound::Included(end)) => start > end,
        (Bound::Included(start) | Bound::Excluded(start), Bound::Included(end) | Bound::Excluded(end)) => {
            start >= end
        }
    }
}
