//! Idempotency keys: a caller who repeats a change with the same key gets the version that the first one made.

use contracts::{UpdateForm, UserId, Values};
use sha2::{Digest, Sha256};

use super::UnixMs;

/// The SHA-256 of an idempotency key. Keys are stored as hashes, because a caller may put anything into a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyHash(pub [u8; 32]);

impl KeyHash {
    /// The hash of a key.
    pub fn of(key: &str) -> Self {
        Self(Sha256::digest(key).into())
    }
}

/// The SHA-256 of the form and the given fields of a change. It tells two changes with the same key apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChangeHash(pub [u8; 32]);

impl ChangeHash {
    /// The hash of a change. The order in which the body gave its fields does not matter.
    pub fn of(form: UpdateForm, fields: &Values) -> Self {
        // By name, because a later version may order its fields otherwise.
        let mut by_name: Vec<_> = fields
            .iter()
            .map(|(field, value)| (field.name(), value.as_ref()))
            .collect();
        by_name.sort_unstable();
        let canonical = serde_json::to_vec(&(form, by_name)).expect("text serializes");
        Self(Sha256::digest(canonical).into())
    }
}

/// What is remembered of the change that was made with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyedChange {
    /// The version of the user after the change.
    pub version: u64,
    /// Whether the change made that version.
    pub is_changed: bool,
    /// What the change gave.
    pub hash: ChangeHash,
    /// When the key is forgotten.
    pub expires_at: UnixMs,
}

/// A key as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// The user that was changed.
    pub user_id: UserId,
    /// The hash under which the key is found again.
    pub key: KeyHash,
    /// The change that was made with it.
    pub change: KeyedChange,
}

/// What the rules have to know of the key of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeyState {
    /// The change that was made with the same key, unless the key has expired.
    pub used_for: Option<KeyedChange>,
    /// If the user has as many keys as it may have: when the oldest one expires.
    pub full_until: Option<UnixMs>,
}

#[cfg(test)]
mod tests {
    use contracts::{Field, Value};

    use super::*;

    #[test]
    fn a_change_is_told_apart_by_its_form_and_by_each_field() {
        let values = |first: Option<&str>, last: Option<&str>| -> Values {
            [
                (Field::FIRST_NAME, first.map(Value::from)),
                (Field::LAST_NAME, last.map(Value::from)),
            ]
            .into()
        };
        let hash = |fields: &Values| ChangeHash::of(UpdateForm::MergePatch, fields);
        let given = values(Some("a"), None);
        assert_eq!(hash(&given), hash(&given.clone()));
        for other in [
            values(None, Some("a")),
            values(Some("a"), Some("")),
            values(Some("A"), None),
            [(Field::FIRST_NAME, Some("a".into()))].into(),
        ] {
            assert_ne!(hash(&given), hash(&other), "{other:?}");
        }
        assert_ne!(hash(&given), ChangeHash::of(UpdateForm::Json, &given));
    }

    /// Stored hashes are compared with those of a later version.
    #[test]
    fn the_hash_of_a_change_never_changes() {
        let fields = [(Field::LAST_NAME, None), (Field::EMAIL, Some("a@x.io".into()))].into();
        let canonical = br#"["json",[["email","a@x.io"],["lastName",null]]]"#;
        let expected = ChangeHash(Sha256::digest(canonical).into());
        assert_eq!(ChangeHash::of(UpdateForm::Json, &fields), expected);
    }
}
