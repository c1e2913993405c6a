//! The definition of a field, as a team configures it.

use serde::{Deserialize, Serialize};

use super::{FieldType, Value};

/// A field: its name, the property of HubSpot that it is written to, its type, and when it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldDefinition {
    /// Its name in JSON, in CSV and in messages.
    pub name: String,
    /// HubSpot's internal name of the property.
    pub property: String,
    /// The type of its values, with its rules.
    #[serde(flatten)]
    pub field_type: FieldType,
    /// When it is written.
    #[serde(default, skip_serializing_if = "WriteMode::is_always")]
    pub write: WriteMode,
}

/// Why a field that only adds options cannot be cleared.
pub(super) const ADDS_ONLY: &str =
    "must have an option: this field only adds options to those of the contact, so none can be taken away";

impl FieldDefinition {
    /// Checks a value that a caller gave, where `None` clears the field, and brings it into its canonical form. The error is a sentence
    /// for the caller.
    pub fn accept(&self, given: Option<Value>) -> Result<Option<Value>, String> {
        match given {
            None if self.field_type == FieldType::Email => {
                Err("must not be null: a user keeps an address".to_owned())
            }
            None if self.field_type.adds_options() => Err(ADDS_ONLY.to_owned()),
            None => Ok(None),
            Some(value) => self.field_type.accept(value).map(Some),
        }
    }
}

/// When a field is written to a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WriteMode {
    /// Whenever it is dirty.
    #[default]
    Always,
    /// Only when hubsync creates the contact.
    NewContact,
    /// Only if the contact has no value, or the one that hubsync confirmed last.
    IfEmpty,
}

impl WriteMode {
    /// Whether the field is written whenever it is dirty.
    pub fn is_always(&self) -> bool {
        *self == Self::Always
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fields::ChoicesMode;

    #[test]
    fn a_definition_travels_as_one_object() {
        let definition = FieldDefinition {
            name: "plan".to_owned(),
            property: "plan_tier".to_owned(),
            field_type: FieldType::Choice {
                options: vec!["free".to_owned()],
            },
            write: WriteMode::IfEmpty,
        };
        let json = json!({ "name": "plan", "property": "plan_tier", "type": "choice", "options": ["free"], "write": "if-empty" });
        assert_eq!(serde_json::to_value(&definition).expect("JSON"), json);
        assert_eq!(
            serde_json::from_value::<FieldDefinition>(json).expect("a definition"),
            definition
        );
    }

    #[test]
    fn a_field_that_only_adds_options_cannot_be_cleared() {
        let adding = |mode| FieldDefinition {
            name: "events".to_owned(),
            property: "events".to_owned(),
            field_type: FieldType::Choices {
                options: Vec::new(),
                mode,
            },
            write: WriteMode::Always,
        };
        let none = Value::Options([].into());
        let append = adding(ChoicesMode::Append);
        for given in [None, Some(none.clone())] {
            let error = append.accept(given).expect_err("nothing to add");
            assert!(error.contains("only adds options"), "{error}");
        }
        let replace = adding(ChoicesMode::Replace);
        assert_eq!(replace.accept(None), Ok(None));
        assert_eq!(replace.accept(Some(none.clone())), Ok(Some(none)));
    }
}
