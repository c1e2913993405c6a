//! Checks that creates and updates of properties have in common.

use std::collections::HashSet;

use super::invalid;
use crate::model::{
    Account, PropertyDefinition, PropertyOption, PropertyType, Rejection, properties::definition::FieldType,
};

/// HubSpot's limit on the options of a property.
const MAX_OPTIONS: usize = 5_000;

/// HubSpot's limit on the label and on the value of an option.
const MAX_OPTION_CHARS: usize = 3_000;

/// Rejects a definition whose members do not go together.
pub(super) fn check_definition(account: &Account, definition: &PropertyDefinition) -> Result<(), Rejection> {
    let name = &definition.name;
    if definition.label.trim().is_empty() {
        return Err(invalid(format!("The label of property {name} is empty.")));
    }
    if account.properties.group(&definition.group_name).is_none() {
        return Err(invalid(format!(
            "The property group {} of property {name} does not exist.",
            definition.group_name
        )));
    }
    if !definition.field_type.fits(definition.property_type) {
        return Err(invalid(format!(
            "The fieldType of property {name} does not fit its type."
        )));
    }
    check_options(definition)
}

/// Rejects missing, repeated, too many and too long options, and options of a type that has none.
fn check_options(definition: &PropertyDefinition) -> Result<(), Rejection> {
    let (name, options) = (&definition.name, &definition.options);
    let is_yes_or_no = definition.field_type == FieldType::BooleanCheckbox;
    let has_options = definition.property_type == PropertyType::Enumeration || is_yes_or_no;
    if !has_options && !options.is_empty() {
        return Err(invalid(format!(
            "Property {name} of this type cannot have options."
        )));
    }
    if !has_options || definition.external_options {
        return Ok(());
    }
    if options.is_empty() {
        return Err(invalid(format!("Property {name} needs options.")));
    }
    if is_yes_or_no {
        let values: HashSet<&str> = options.iter().map(|option| option.value.as_str()).collect();
        if options.len() != 2 || values != HashSet::from(["true", "false"]) {
            return Err(invalid(format!(
                "Property {name} needs exactly the options true and false."
            )));
        }
    }
    if options.len() > MAX_OPTIONS {
        return Err(invalid(format!(
            "Property {name} has more than {MAX_OPTIONS} options."
        )));
    }
    options.iter().try_for_each(|option| check_option(name, option))?;
    if !are_distinct(options, |option| &option.value) || !are_distinct(options, |option| &option.label) {
        return Err(invalid(format!(
            "The options of property {name} need distinct values and distinct labels."
        )));
    }
    Ok(())
}

fn check_option(name: &str, option: &PropertyOption) -> Result<(), Rejection> {
    let is_empty = |text: &String| text.trim().is_empty();
    let is_long = |text: &String| text.chars().count() > MAX_OPTION_CHARS;
    let texts = [&option.label, &option.value];
    if texts.into_iter().any(is_empty) {
        return Err(invalid(format!(
            "An option of property {name} has no label or no value."
        )));
    }
    if texts.into_iter().any(is_long) {
        return Err(invalid(format!(
            "An option of property {name} is longer than {MAX_OPTION_CHARS} characters."
        )));
    }
    // It separates several options in a value.
    if option.value.contains(';') {
        return Err(invalid(format!(
            "The value of an option of property {name} contains a semicolon."
        )));
    }
    Ok(())
}

fn are_distinct(options: &[PropertyOption], member: impl Fn(&PropertyOption) -> &String) -> bool {
    let mut seen = HashSet::new();
    options.iter().all(|option| seen.insert(member(option)))
}
