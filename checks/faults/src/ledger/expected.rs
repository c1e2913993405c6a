//! What the accepted changes of a user add up to. Worked out anew here, without the rules of the product.

use std::collections::{BTreeMap, HashMap, HashSet};

use contracts::{Field, SyncState, UpdateForm, Values};

use super::Change;

/// What must be true of a user in the end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expected {
    /// The last version.
    pub version: u64,
    /// Versions up to it that nobody was told of.
    pub untold: Vec<u64>,
    /// The value of each field, and the version that touched it last.
    pub fields: BTreeMap<Field, (Option<String>, u64)>,
    /// What a receipt of each version has to say.
    pub states: BTreeMap<u64, SyncState>,
    /// The version that each value belongs to; cleared values and those of several versions are left out.
    pub version_of: HashMap<(Field, String), u64>,
    /// Every value that was given.
    pub given: HashSet<(Field, String)>,
}

impl Expected {
    /// Of the changes of one user, by version.
    pub fn of(versions: &BTreeMap<u64, Change>) -> Self {
        let version = versions.keys().next_back().copied().unwrap_or(0);
        let mut expected = Self {
            version,
            untold: (1..=version).filter(|one| !versions.contains_key(one)).collect(),
            ..Self::default()
        };
        let mut given_often = Vec::new();
        let mut touching = BTreeMap::new();
        for (version, change) in versions {
            let touched = expected.touch(*version, change, &mut given_often);
            touching.insert(*version, touched);
        }
        for key in given_often {
            expected.version_of.remove(&key);
        }
        for (version, touched) in touching {
            let is_last = expected.fields.values().any(|(_, last)| *last == version);
            let state = match (touched, is_last) {
                (false, _) => SyncState::Unchanged,
                (true, true) => SyncState::Confirmed,
                (true, false) => SyncState::Superseded,
            };
            expected.states.insert(version, state);
        }
        expected
    }

    /// Applies a change, and says whether it touched anything.
    fn touch(&mut self, version: u64, change: &Change, given_often: &mut Vec<(Field, String)>) -> bool {
        let mut touched = false;
        for (field, value) in &change.fields {
            let given = value.clone().map(|value| (*field, value));
            self.given.extend(given);
            if change.form == UpdateForm::Json && *field == Field::Email && self.holds(*field, value.as_ref())
            {
                continue;
            }
            touched = true;
            self.fields.insert(*field, (value.clone(), version));
            if let Some(value) = value {
                let key = (*field, value.clone());
                if self.version_of.insert(key.clone(), version).is_some() {
                    given_often.push(key);
                }
            }
        }
        touched
    }

    fn holds(&self, field: Field, value: Option<&String>) -> bool {
        self.fields
            .get(&field)
            .is_some_and(|(own, _)| own.as_ref() == value)
    }

    /// Every field that was ever given, with its value.
    pub fn values(&self) -> Values {
        let fields = self.fields.iter();
        fields
            .map(|(field, (value, _))| (*field, value.clone()))
            .collect()
    }
}
