//! The definition of a field, as a team configures it.

use serde::{Deserialize, Serialize};

use super::FieldType;

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
}
