//! The one table of fields: contract name, database column, HubSpot property and rule.
//!
//! A further field is one entry in the table below and one migration that adds its column.

mod known;
mod per_field;
mod rule;
mod set;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub(crate) use known::known_fields;
pub use per_field::PerField;
pub use rule::Rule;
pub use set::FieldSet;

/// Values by field; `None` is a cleared value. A field that is absent is untouched.
pub type Values = BTreeMap<Field, Option<String>>;

/// What the system knows of one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldSpec {
    /// Its name in JSON bodies and messages.
    pub name: &'static str,
    /// Its column in the user service's database.
    pub column: &'static str,
    /// Its internal property name in HubSpot.
    pub property: &'static str,
    /// What a value must fulfil.
    pub rule: Rule,
}

macro_rules! fields {
    ($($(#[doc = $doc:literal])+ $field:ident { $name:literal, $column:literal, $property:literal, $rule:expr })+) => {
        /// A field of a user's profile.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
        pub enum Field {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $field,)+
        }

        impl Field {
            /// Every field, in the order of the table.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$field),+];

            /// The field's entry in the table.
            pub const fn spec(self) -> &'static FieldSpec {
                match self {
                    $(Self::$field => &FieldSpec { name: $name, column: $column, property: $property, rule: $rule },)+
                }
            }
        }
    };
}

// Name in JSON, column, HubSpot property, rule.
fields! {
    /// The address HubSpot knows the contact by; its key until a link is found.
    Email { "email", "email", "email", Rule::Email }
    /// The given name.
    FirstName { "firstName", "first_name", "firstname", Rule::Text { max_chars: 255 } }
    /// The family name.
    LastName { "lastName", "last_name", "lastname", Rule::Text { max_chars: 255 } }
}

impl Field {
    /// How many fields there are.
    pub const COUNT: usize = Self::ALL.len();

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
    fn no_two_fields_share_a_name_a_column_or_a_property() {
        for (index, one) in Field::ALL.into_iter().enumerate() {
            for other in &Field::ALL[index + 1..] {
                assert_ne!(one.name(), other.name());
                assert_ne!(one.spec().column, other.spec().column);
                assert_ne!(one.property(), other.property());
            }
        }
    }

    #[test]
    fn a_field_travels_under_its_contract_name() {
        assert_eq!(
            serde_json::to_string(&Field::FirstName).expect("a unit variant"),
            r#""firstName""#
        );
        assert_eq!(
            serde_json::from_str::<Field>(r#""lastName""#).expect("a known name"),
            Field::LastName
        );
    }
}
