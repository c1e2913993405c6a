//! A set of fields, as small as an integer.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Field;

/// A set of fields. In JSON it is a list of field names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FieldSet(u32);

impl FieldSet {
    /// The set without a field.
    pub const EMPTY: Self = Self(0);

    /// Every field.
    pub fn all() -> Self {
        Field::ALL.into_iter().collect()
    }

    /// Whether no field is in the set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether the field is in the set.
    pub fn contains(self, field: Field) -> bool {
        self.0 & bit(field) != 0
    }

    /// Adds a field.
    pub fn insert(&mut self, field: Field) {
        self.0 |= bit(field);
    }

    /// The set without that field.
    #[must_use]
    pub fn without(self, field: Field) -> Self {
        Self(self.0 & !bit(field))
    }

    /// The fields of both sets.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The fields, in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Field> {
        Field::ALL.into_iter().filter(move |field| self.contains(*field))
    }
}

fn bit(field: Field) -> u32 {
    const { assert!(Field::COUNT <= 32, "a FieldSet has room for 32 fields") };
    1 << field.index()
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
        let set = FieldSet::all().without(Field::EMAIL);
        assert!(!set.contains(Field::EMAIL) && set.contains(Field::FIRST_NAME));
        assert_eq!(set.union(FieldSet::from_iter([Field::EMAIL])), FieldSet::all());
        assert!(FieldSet::EMPTY.is_empty());
    }
}
