//! Derives the expected state of a user from its accepted changes, without the code of the product.

use std::collections::{BTreeMap, HashMap, HashSet};

use contracts::{Field, SyncState, Value, Values};

use super::Change;

/// The expected state of a user at the end of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expected {
    /// The last version.
    pub version: u64,
    /// Versions up to the last one that no answer named.
    pub unreported: Vec<u64>,
    /// Changes, by their number, whose answer says wrongly whether they changed something.
    pub wrongly_answered: Vec<u64>,
    /// The value of each field, and the version that last changed it.
    pub fields: BTreeMap<Field, (Option<Value>, u64)>,
    /// The sync state that the receipt of each version must have.
    pub states: BTreeMap<u64, SyncState>,
    /// The version of each value, without cleared values and values of several versions.
    pub version_of: HashMap<(Field, Value), u64>,
    /// Every given value.
    pub given: HashSet<(Field, Value)>,
}

impl Expected {
    /// Derives it from one user's changes by version, and from those that were answered as having changed nothing.
    pub fn of(versions: &BTreeMap<u64, Change>, unchanged: &[(u64, Change)]) -> Self {
        let version = versions.keys().next_back().copied().unwrap_or(0);
        let mut expected = Self {
            version,
            unreported: (1..=version).filter(|one| !versions.contains_key(one)).collect(),
            ..Self::default()
        };
        let mut given_twice = Vec::new();
        for (version, change) in versions {
            if !expected.apply(*version, change, &mut given_twice) {
                expected.wrongly_answered.push(change.number);
            }
            let at_this_version = unchanged.iter().filter(|(at, _)| at == version);
            let differing = at_this_version.filter(|(_, change)| !expected.holds_all(change));
            let differing: Vec<u64> = differing.map(|(_, change)| change.number).collect();
            expected.wrongly_answered.extend(differing);
        }
        for key in given_twice {
            expected.version_of.remove(&key);
        }
        for version in versions.keys() {
            let is_last = expected.fields.values().any(|(_, last)| last == version);
            let state = if is_last {
                SyncState::Confirmed
            } else {
                SyncState::Superseded
            };
            expected.states.insert(*version, state);
        }
        expected
    }

    /// Applies a change, and returns whether it changed anything.
    fn apply(&mut self, version: u64, change: &Change, given_twice: &mut Vec<(Field, Value)>) -> bool {
        let mut changed = false;
        for (field, value) in &change.fields {
            let given = value.clone().map(|value| (*field, value));
            self.given.extend(given);
            if self.holds(*field, value.as_ref()) {
                continue;
            }
            changed = true;
            self.fields.insert(*field, (value.clone(), version));
            if let Some(value) = value {
                let key = (*field, value.clone());
                if self.version_of.insert(key.clone(), version).is_some() {
                    given_twice.push(key);
                }
            }
        }
        changed
    }

    fn holds_all(&self, change: &Change) -> bool {
        let mut fields = change.fields.iter();
        fields.all(|(field, value)| self.holds(*field, value.as_ref()))
    }

    /// Whether a field has this value. One that was never given has none, not even null.
    fn holds(&self, field: Field, value: Option<&Value>) -> bool {
        self.fields
            .get(&field)
            .is_some_and(|(own, _)| own.as_ref() == value)
    }

    /// The value of every field that was ever given.
    pub fn values(&self) -> Values {
        let fields = self.fields.iter();
        fields
            .map(|(field, (value, _))| (*field, value.clone()))
            .collect()
    }
}
