//! Custom properties in the plain form in which tests and the command line name them.

use std::str::FromStr;

use super::{
    definition::{FieldType, PropertyDefinition, PropertyOption, PropertyType},
    hubspot_defined::hubspot_defined,
    naming::is_valid_name,
};

/// A property that the account has besides HubSpot's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomProperty {
    pub(crate) name: String,
    pub(crate) property_type: PropertyType,
    pub(crate) field_type: FieldType,
    /// The values of the options, which are also their labels.
    pub(crate) options: Vec<String>,
}

impl CustomProperty {
    fn new(name: impl Into<String>, property_type: PropertyType, field_type: FieldType) -> Self {
        Self {
            name: name.into(),
            property_type,
            field_type,
            options: Vec::new(),
        }
    }

    /// A property of texts.
    pub fn text(name: impl Into<String>) -> Self {
        Self::new(name, PropertyType::String, FieldType::Text)
    }

    /// A property of numbers.
    pub fn number(name: impl Into<String>) -> Self {
        Self::new(name, PropertyType::Number, FieldType::Number)
    }

    /// A property of dates without a time.
    pub fn date(name: impl Into<String>) -> Self {
        Self::new(name, PropertyType::Date, FieldType::Date)
    }

    /// A property of points in time.
    pub fn datetime(name: impl Into<String>) -> Self {
        Self::new(name, PropertyType::DateTime, FieldType::Date)
    }

    /// A property of `true` and `false`.
    pub fn bool(name: impl Into<String>) -> Self {
        Self::new(name, PropertyType::Bool, FieldType::BooleanCheckbox)
    }

    /// A property of phone numbers.
    pub fn phone_number(name: impl Into<String>) -> Self {
        Self::new(name, PropertyType::PhoneNumber, FieldType::PhoneNumber)
    }

    /// A property of which a contact has one of these options.
    pub fn choice<O: Into<String>>(name: impl Into<String>, options: impl IntoIterator<Item = O>) -> Self {
        let mut property = Self::new(name, PropertyType::Enumeration, FieldType::Select);
        property.options = options.into_iter().map(Into::into).collect();
        property
    }

    /// A property of which a contact has any number of these options.
    pub fn choices<O: Into<String>>(name: impl Into<String>, options: impl IntoIterator<Item = O>) -> Self {
        let mut property = Self::choice(name, options);
        property.field_type = FieldType::Checkbox;
        property
    }

    /// Whether HubSpot has a property of its own with this name.
    pub fn is_hubspot_defined(&self) -> bool {
        hubspot_defined().any(|own| own.name == self.name)
    }

    /// The definition that a new property of this form has.
    pub(crate) fn definition(&self) -> PropertyDefinition {
        let mut definition = PropertyDefinition::custom(&self.name, self.property_type, self.field_type);
        definition.options = self.options();
        definition
    }

    /// The options of the definition. A property of `true` and `false` has the two that HubSpot gives it.
    pub(crate) fn options(&self) -> Vec<PropertyOption> {
        match self.property_type {
            PropertyType::Bool => options([("true", "Yes"), ("false", "No")]),
            _ => options(self.options.iter().map(|value| (value.as_str(), value.as_str()))),
        }
    }
}

/// Options from pairs of a value and a label, numbered in their order.
pub(crate) fn options<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<PropertyOption> {
    (0..)
        .zip(pairs)
        .map(|(display_order, (value, label))| PropertyOption {
            label: label.to_owned(),
            value: value.to_owned(),
            hidden: false,
            display_order,
        })
        .collect()
}

impl From<&str> for CustomProperty {
    /// A text property.
    fn from(name: &str) -> Self {
        Self::text(name)
    }
}

/// Parses `name` for text, or `name:type`. The types are string, number, date, datetime, bool, `phone_number`,
/// `choice(a|b)` for one of these options, and `choices(a|b)` for any number of them.
impl FromStr for CustomProperty {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, type_name) = text.split_once(':').unwrap_or((text, "string"));
        if !is_valid_name(name) {
            return Err(format!(
                "property name {name:?} needs lower-case letters, digits and underscores, beginning with a letter"
            ));
        }
        if let Some(list) = inside(type_name, "choice") {
            return Ok(Self::choice(name, parse_options(list)?));
        }
        if let Some(list) = inside(type_name, "choices") {
            return Ok(Self::choices(name, parse_options(list)?));
        }
        match type_name {
            "string" => Ok(Self::text(name)),
            "number" => Ok(Self::number(name)),
            "date" => Ok(Self::date(name)),
            "datetime" => Ok(Self::datetime(name)),
            "bool" => Ok(Self::bool(name)),
            "phone_number" => Ok(Self::phone_number(name)),
            _ => Err(format!(
                "type {type_name:?} of property {name} is none of string, number, date, datetime, bool, \
                 phone_number, choice(a|b) and choices(a|b)"
            )),
        }
    }
}

/// The text in the parentheses after a word.
fn inside<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    text.strip_prefix(word)?.strip_prefix('(')?.strip_suffix(')')
}

fn parse_options(list: &str) -> Result<Vec<String>, String> {
    let options: Vec<String> = list.split('|').map(str::to_owned).collect();
    let is_repeated = |(index, option): (usize, &String)| options[..index].contains(option);
    if options.iter().any(String::is_empty) || options.iter().enumerate().any(is_repeated) {
        return Err(format!("options {list:?} need to be distinct and not empty"));
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[test]
    fn a_name_without_a_type_is_a_text() {
        assert_eq!("plan".parse(), Ok(CustomProperty::text("plan")));
    }

    #[test]
    fn options_are_listed_in_parentheses() {
        assert_eq!(
            "plan:choice(free|team)".parse(),
            Ok(CustomProperty::choice("plan", ["free", "team"]))
        );
        assert_eq!(
            "tags:choices(a|b|c)".parse(),
            Ok(CustomProperty::choices("tags", ["a", "b", "c"]))
        );
    }

    #[test]
    fn other_texts_are_errors() {
        for text in [
            "",
            "Plan",
            "1plan",
            "plan:",
            "plan:colour",
            "plan:choice",
            "plan:choice()",
            "plan:choice(a|a)",
            "plan:choice(a|)",
            "plan:choice(a",
        ] {
            assert!(text.parse::<CustomProperty>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_property_of_true_and_false_has_two_options() {
        let property: CustomProperty = "trial:bool".parse().unwrap();
        let values: Vec<String> = property
            .options()
            .into_iter()
            .map(|option| option.value)
            .collect();
        assert_eq!(values, ["true", "false"]);
    }
}
