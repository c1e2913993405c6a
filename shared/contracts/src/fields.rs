//! The one table of fields: contract name, HubSpot property and rule. A further field is one entry in the table below.

mod definition;
mod field_type;
mod known;
mod per_field;
mod rule;
mod set;
mod value;

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub use definition::{FieldDefinition, WriteMode};
pub use field_type::{ChoicesMode, FieldType, MAX_TEXT_CHARS, Pattern};
pub(crate) use known::known_fields;
pub use per_field::PerField;
pub use rule::Rule;
pub use set::FieldSet;
pub use value::{InvalidNumber, Number, Value};

/// Values by field; `None` is a cleared value. A field that is absent is untouched.
pub type Values = BTreeMap<Field, Option<String>>;

/// The properties of one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldSpec {
    /// Its name in JSON bodies and messages.
    pub name: &'static str,
    /// Its internal property name in HubSpot.
    pub property: &'static str,
    /// The rule for its values.
    pub rule: Rule,
}

/// The table. A field's position in it is the order of fields everywhere.
const TABLE: &[FieldSpec] = &[
    FieldSpec {
        name: "email",
        property: "email",
        rule: Rule::Email,
    },
    FieldSpec {
        name: "firstName",
        property: "firstname",
        rule: Rule::Text { max_chars: 255 },
    },
    FieldSpec {
        name: "lastName",
        property: "lastname",
        rule: Rule::Text { max_chars: 255 },
    },
];

/// A field of a user's profile. In JSON it is the name of the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Field(u16);

impl Field {
    /// The address by which HubSpot knows the contact. It is the key until a link is found.
    pub const EMAIL: Self = Self(0);
    /// The given name.
    pub const FIRST_NAME: Self = Self(1);
    /// The family name.
    pub const LAST_NAME: Self = Self(2);

    /// Every field, in the order of the table.
    pub const ALL: [Self; TABLE.len()] = [Self::EMAIL, Self::FIRST_NAME, Self::LAST_NAME];

    /// How many fields there may be.
    pub(crate) const MAX_COUNT: usize = 512;

    /// The field's position in the table.
    const fn index(self) -> usize {
        self.0 as usize
    }

    /// The field at a position.
    #[expect(clippy::cast_possible_truncation, reason = "positions are below 512")]
    const fn at(index: usize) -> Self {
        Self(index as u16)
    }

    /// The field's entry in the table.
    pub const fn spec(self) -> &'static FieldSpec {
        &TABLE[self.index()]
    }

    /// The field's name in JSON.
    pub const fn name(self) -> &'static str {
        self.spec().name
    }

    /// The field's HubSpot property.
    pub const fn property(self) -> &'static str {
        self.spec().property
    }

    /// The field of that contract name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    /// The field of that HubSpot property.
    pub fn from_property(property: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.property() == property)
    }

    /// Checks a value as it is given by a caller; `None` clears the field.
    ///
    /// The error is a sentence for the caller that says what a valid value is.
    pub fn check(self, value: Option<&str>) -> Result<(), String> {
        self.spec().rule.check(value)
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
            "description": "A field of a user's profile.",
            "type": "string",
            "enum": Field::ALL.map(Field::name),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_found_by_its_name_and_its_property() {
        for field in Field::ALL {
            assert_eq!(Field::from_name(field.name()), Some(field));
            assert_eq!(Field::from_property(field.property()), Some(field));
        }
        assert_eq!(Field::from_name("shoeSize"), None);
    }

    #[test]
    fn no_two_fields_share_a_name_or_a_property() {
        for (index, one) in Field::ALL.into_iter().enumerate() {
            for other in &Field::ALL[index + 1..] {
                assert_ne!(one.name(), other.name());
                assert_ne!(one.property(), other.property());
            }
        }
    }

    #[test]
    fn a_field_travels_under_its_contract_name() {
        assert_eq!(
            serde_json::to_string(&Field::FIRST_NAME).expect("a unit variant"),
            r#""firstName""#
        );
        assert_eq!(
            serde_json::from_str::<Field>(r#""lastName""#).expect("a known name"),
            Field::LAST_NAME
        );
    }
}
