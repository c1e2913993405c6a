//! A set of fields, one bit for each.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Field;

/// The bits of one word.
const BITS: usize = u64::BITS as usize;

/// A set of fields. In JSON it is a list of field names.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct FieldSet([u64; Field::MAX_COUNT / BITS]);

impl FieldSet {
    /// The set without a field.
    pub const EMPTY: Self = Self([0; Field::MAX_COUNT / BITS]);

    /// Whether no field is in the set.
    pub fn is_empty(self) -> bool {
        self == Self::EMPTY
    }

    /// Whether the field is in the set.
    pub fn contains(self, field: Field) -> bool {
        let (word, bit) = place(field);
        self.0[word] & bit != 0
    }

    /// Adds a field.
    pub fn insert(&mut self, field: Field) {
        let (word, bit) = place(field);
        self.0[word] |= bit;
    }

    /// The set without that field.
    #[must_use]
    pub fn without(mut self, field: Field) -> Self {
        let (word, bit) = place(field);
        self.0[word] &= !bit;
        self
    }

    /// The fields of both sets.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] | other.0[word]))
    }

    /// The fields, in their order.
    pub fn iter(self) -> impl Iterator<Item = Field> {
        let words = self.0.into_iter().enumerate();
        words.flat_map(|(word, bits)| {
            let mut left = bits;
            std::iter::from_fn(move || {
                let lowest = (left != 0).then(|| left.trailing_zeros() as usize)?;
                left &= left - 1;
                Some(Field::at(word * BITS + lowest))
            })
        })
    }
}

/// The word and the bit of a field.
fn place(field: Field) -> (usize, u64) {
    (field.index() / BITS, 1 << (field.index() % BITS))
}

impl fmt::Debug for FieldSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_set()
            .entries(self.iter().map(Field::name))
            .finish()
    }
}

impl FromIterator<Field> for FieldSet {
    fn from_iter<I: IntoIterator<Item = Field>>(fields: I) -> Self {
        let mut set = Self::EMPTY;
        for field in fields {
            set.insert(field);
        }
        set
    }
}

impl Serialize for FieldSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for FieldSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Fields that a later version knows are left out.
        let names = Vec::<String>::deserialize(deserializer)?;
        Ok(names.iter().filter_map(|name| Field::from_name(name)).collect())
    }
}

#[cfg(feature = "openapi")]
impl schemars::JsonSchema for FieldSet {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FieldSet".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Vec::<Field>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_travels_as_names_and_comes_back() {
        let set = FieldSet::from_iter([Field::LAST_NAME, Field::EMAIL]);
        let json = serde_json::to_string(&set).expect("names");
        assert_eq!(json, r#"["email","lastName"]"#);
        assert_eq!(serde_json::from_str::<FieldSet>(&json).expect("names"), set);
    }

    #[test]
    fn members_come_and_go() {
        let all = FieldSet::from_iter([Field::EMAIL, Field::FIRST_NAME]);
        let set = all.without(Field::EMAIL);
        assert!(!set.contains(Field::EMAIL) && set.contains(Field::FIRST_NAME));
        assert_eq!(set.union(FieldSet::from_iter([Field::EMAIL])), all);
        assert!(FieldSet::EMPTY.is_empty());
    }
}
