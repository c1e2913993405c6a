//! A field by its name.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{OnceLock, PoisonError, RwLock},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A field of a user's profile. In JSON it is the name of the field.
///
/// It is a number that stands for the name in this process. A name gets its number when its definition is read, and keeps it. A name
/// that no definition has is no field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Field(u16);

/// The names by number. They are never forgotten, so there is a limit.
static NAMES: [OnceLock<&'static str>; Field::MAX_COUNT] = [const { OnceLock::new() }; Field::MAX_COUNT];
/// The fields by name.
static FIELDS: RwLock<BTreeMap<&'static str, Field>> = RwLock::new(BTreeMap::new());

/// The names of the first fields, unless the key has another one.
const BUILT_IN: [&str; 3] = ["email", "firstName", "lastName"];

impl Field {
    /// The field of the type `email`: the address by which HubSpot knows the contact. It is the key until a link is found. Its name is
    /// `email` unless the definitions give it another one.
    pub const EMAIL: Self = Self(0);
    /// The given name, unless there is a file of definitions.
    pub const FIRST_NAME: Self = Self(1);
    /// The family name, unless there is a file of definitions.
    pub const LAST_NAME: Self = Self(2);

    /// The fields of the set without a file of definitions.
    pub const BUILT_IN: [Self; 3] = [Self::EMAIL, Self::FIRST_NAME, Self::LAST_NAME];

    /// How many names a process can know, over its life.
    pub(crate) const MAX_COUNT: usize = 512;

    /// The field's number.
    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }

    /// The field of a number.
    #[expect(clippy::cast_possible_truncation, reason = "numbers are below 512")]
    pub(super) const fn at(index: usize) -> Self {
        Self(index as u16)
    }

    /// The field's name in JSON.
    pub fn name(self) -> &'static str {
        match NAMES[self.index()].get() {
            Some(name) => name,
            None => BUILT_IN.get(self.index()).copied().unwrap_or_default(),
        }
    }

    /// The field of that name, if a definition has it, or if it is a built-in one.
    pub fn from_name(name: &str) -> Option<Self> {
        let is_built_in = |place: &usize| Self::at(*place).name() == name;
        if let Some(place) = (0..BUILT_IN.len()).find(is_built_in) {
            return Some(Self::at(place));
        }
        let fields = FIELDS.read().unwrap_or_else(PoisonError::into_inner);
        fields.get(name).copied()
    }

    /// The field of that name, which a definition has. The key has a name of its own in each process, which does not change. None if
    /// it has another one already, or if there are too many names.
    pub(super) fn register(name: &str, is_key: bool) -> Option<Self> {
        if let Some(field) = Self::from_name(name) {
            let is_allowed = is_key == (field == Self::EMAIL);
            if is_allowed && is_key {
                // From now on the key has this name.
                NAMES[0].get_or_init(|| BUILT_IN[0]);
            }
            return is_allowed.then_some(field);
        }
        let mut fields = FIELDS.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have registered the name meanwhile.
        let is_free = |place: &usize| NAMES[*place].get().is_none_or(|taken| *taken == name);
        let place = if is_key {
            Some(0).filter(is_free)
        } else {
            (BUILT_IN.len()..Self::MAX_COUNT).find(is_free)
        }?;
        let stored = NAMES[place].get_or_init(|| Box::leak(name.into()));
        fields.insert(stored, Self::at(place));
        Some(Self::at(place))
    }
}

impl fmt::Display for Field {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(FieldName)
    }
}

struct FieldName;

impl de::Visitor<'_> for FieldName {
    type Value = Field;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the name of a field")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Field, E> {
        Field::from_name(name).ok_or_else(|| E::invalid_value(de::Unexpected::Str(name), &self))
    }
}

#[cfg(feature = "openapi")]
impl schemars::JsonSchema for Field {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Field".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "The name of a field of a user's profile.",
            "type": "string",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_field() {
        let seats = Field::register("seats", false).expect("a free number");
        assert_eq!(Field::register("seats", false), Some(seats));
        assert_eq!(Field::from_name("seats"), Some(seats));
        assert_eq!(seats.name(), "seats");
        assert_eq!(Field::from_name("firstName"), Some(Field::FIRST_NAME));
        assert_eq!(Field::from_name("shoeSize"), None);
    }

    #[test]
    fn the_key_keeps_its_name() {
        assert_eq!(Field::register("email", true), Some(Field::EMAIL));
        assert_eq!(Field::register("workEmail", true), None);
        assert_eq!(Field::register("email", false), None);
        assert_eq!(Field::register("lastName", true), None);
    }

    #[test]
    fn a_field_travels_under_its_name() {
        assert_eq!(
            serde_json::to_string(&Field::FIRST_NAME).expect("a name"),
            r#""firstName""#
        );
        assert_eq!(
            serde_json::from_str::<Field>(r#""lastName""#).expect("a known name"),
            Field::LAST_NAME
        );
    }
}
