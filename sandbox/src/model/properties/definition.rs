//! The definition of a property: its type, its options, and what may be changed.
//! <https://developers.hubspot.com/docs/api-reference/latest/crm/properties/guide>

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ValueKind, rules::ValidationRule};

/// HubSpot's `type` of a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PropertyType {
    /// A text of any content.
    String,
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
    /// One or several of a list of options.
    Enumeration,
    /// A date without a time.
    Date,
    /// A point in time.
    DateTime,
    /// A phone number.
    #[serde(rename = "phone_number")]
    PhoneNumber,
}

/// HubSpot's `fieldType`: the control with which people edit the property. For an enumeration it also decides whether a
/// contact can have several options.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    /// A line of text.
    Text,
    /// Several lines of text.
    Textarea,
    /// Formatted text.
    Html,
    /// A file.
    File,
    /// A phone number.
    PhoneNumber,
    /// A number.
    Number,
    /// A date, with or without a time.
    Date,
    /// A list of options, of which one can be chosen.
    Select,
    /// Radio buttons, of which one can be chosen.
    Radio,
    /// Checkboxes, of which several can be chosen.
    Checkbox,
    /// One checkbox, for yes or no.
    BooleanCheckbox,
    /// A value that HubSpot computes from associated records. No caller can create such a property.
    #[serde(rename = "calculation_rollup")]
    CalculationRollup,
}

impl FieldType {
    /// Whether a property of this type can have this control.
    pub(crate) fn fits(self, property_type: PropertyType) -> bool {
        match property_type {
            PropertyType::String => {
                matches!(
                    self,
                    Self::Text | Self::Textarea | Self::Html | Self::File | Self::PhoneNumber
                )
            }
            PropertyType::Number => self == Self::Number,
            PropertyType::Bool => self == Self::BooleanCheckbox,
            PropertyType::Enumeration => {
                matches!(
                    self,
                    Self::Select | Self::Radio | Self::Checkbox | Self::BooleanCheckbox
                )
            }
            PropertyType::Date | PropertyType::DateTime => self == Self::Date,
            PropertyType::PhoneNumber => self == Self::PhoneNumber,
        }
    }
}

/// How sensitive the values of a property are. Lists of properties leave sensitive ones out, unless they are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataSensitivity {
    /// Not sensitive.
    #[default]
    NonSensitive,
    /// Sensitive.
    Sensitive,
    /// Highly sensitive.
    HighlySensitive,
}

/// One option of an enumeration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PropertyOption {
    /// What people see.
    pub label: String,
    /// What contacts store and calls write.
    pub value: String,
    /// Whether people cannot choose it. Calls can still write it.
    #[serde(default)]
    pub hidden: bool,
    /// Its place among the options.
    #[serde(default = "no_display_order")]
    pub display_order: i64,
}

/// HubSpot's place of an option, property or group that was given none.
pub(crate) fn no_display_order() -> i64 {
    -1
}

/// What may be changed about a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "HubSpot's own members, each independent of the others"
)]
pub struct ModificationMetadata {
    /// Whether it can be archived.
    pub archivable: bool,
    /// Whether its label, type and other members cannot be changed.
    pub read_only_definition: bool,
    /// Whether callers cannot write its value.
    pub read_only_value: bool,
    /// Whether its options cannot be changed.
    pub read_only_options: bool,
}

impl ModificationMetadata {
    /// Everything may be changed, as of a custom property.
    pub(crate) const OPEN: Self = Self {
        archivable: true,
        read_only_definition: false,
        read_only_value: false,
        read_only_options: false,
    };
}

/// A property of contacts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "HubSpot's own members, each independent of the others"
)]
pub struct PropertyDefinition {
    /// Its name in the API, which never changes.
    pub name: String,
    /// What people see.
    pub label: String,
    /// What people read about it.
    pub description: String,
    /// The type of its values.
    #[serde(rename = "type")]
    pub property_type: PropertyType,
    /// The control with which people edit it.
    pub field_type: FieldType,
    /// The group to which it belongs.
    pub group_name: String,
    /// The options of an enumeration, in their order.
    pub options: Vec<PropertyOption>,
    /// Whether its options are records of another kind, which are not listed.
    pub external_options: bool,
    /// The kind of these records.
    pub referenced_object_type: Option<String>,
    /// Whether only one contact can have each of its values.
    pub has_unique_value: bool,
    /// Whether it is one of HubSpot's own.
    pub hubspot_defined: bool,
    /// Whether HubSpot computes it. HubSpot says so of some of the computed properties only; `modification_metadata`
    /// says whether a value can be written.
    pub calculated: bool,
    /// Whether people do not see it.
    pub hidden: bool,
    /// Whether forms can have it.
    pub form_field: bool,
    /// Its place in its group.
    pub display_order: i64,
    /// How sensitive its values are.
    pub data_sensitivity: DataSensitivity,
    /// What may be changed about it.
    pub modification_metadata: ModificationMetadata,
    /// The rules that an admin set for its values.
    pub validation_rules: Vec<ValidationRule>,
    /// When it was created; none for HubSpot's own.
    pub created_at: Option<Timestamp>,
    /// When it was last changed; none if it never was.
    pub updated_at: Option<Timestamp>,
    /// When it was archived; none if it is not.
    pub archived_at: Option<Timestamp>,
}

impl PropertyDefinition {
    /// A custom property in the group of contact information.
    pub(crate) fn custom(name: &str, property_type: PropertyType, field_type: FieldType) -> Self {
        Self {
            name: name.to_owned(),
            label: name.to_owned(),
            description: String::new(),
            property_type,
            field_type,
            group_name: super::groups::CONTACT_INFORMATION.to_owned(),
            options: Vec::new(),
            external_options: false,
            referenced_object_type: None,
            has_unique_value: false,
            hubspot_defined: false,
            calculated: false,
            hidden: false,
            form_field: false,
            display_order: no_display_order(),
            data_sensitivity: DataSensitivity::NonSensitive,
            modification_metadata: ModificationMetadata::OPEN,
            validation_rules: Vec::new(),
            created_at: None,
            updated_at: None,
            archived_at: None,
        }
    }

    /// Whether it is archived.
    pub fn is_archived(&self) -> bool {
        self.archived_at.is_some()
    }

    /// The kind of values that it accepts.
    pub(crate) fn kind(&self) -> ValueKind {
        match self.property_type {
            // HubSpot's own address is a text by its definition.
            PropertyType::String if self.name == "email" => ValueKind::Email,
            PropertyType::String | PropertyType::PhoneNumber => ValueKind::Text,
            PropertyType::Number => ValueKind::Number,
            PropertyType::Bool => ValueKind::Bool,
            PropertyType::Enumeration if self.field_type == FieldType::Checkbox => ValueKind::Choices,
            PropertyType::Enumeration => ValueKind::Choice,
            PropertyType::Date => ValueKind::Date,
            PropertyType::DateTime => ValueKind::DateTime,
        }
    }

    /// Whether a contact can have this option. The values of external options are numbers, of which the sandbox knows
    /// none, so it accepts all.
    pub(crate) fn accepts_option(&self, value: &str) -> bool {
        if self.external_options {
            return !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        }
        self.options.iter().any(|option| option.value == value)
    }

    /// Whether HubSpot computes the value, which its error messages say.
    pub(crate) fn is_computed(&self) -> bool {
        self.calculated || self.field_type == FieldType::CalculationRollup
    }
}
