//! What an admin of the account does to properties in HubSpot's settings. The sandbox's controls use it, also for what
//! HubSpot lets nobody do, so that a test can make any property disappear.

use super::{checks::check_definition, invalid};
use crate::model::{
    Account, Context, CustomProperty, PropertyDefinition, PropertyOption, Rejection, ValidationRule,
    contact::DERIVED,
};

/// Archives a property, also one of HubSpot's own.
pub(crate) fn archive_any_property(
    account: &mut Account,
    context: &Context<'_>,
    name: &str,
) -> Result<PropertyDefinition, Rejection> {
    change(account, context, name, |_, definition| {
        check_free(name)?;
        definition.archived_at = Some(context.now);
        Ok(())
    })
}

/// Restores an archived property. Contacts have their old values again.
pub(crate) fn restore_property(
    account: &mut Account,
    context: &Context<'_>,
    name: &str,
) -> Result<PropertyDefinition, Rejection> {
    let archived = account
        .properties
        .definition(name)
        .filter(|definition| definition.is_archived());
    let mut definition = archived.ok_or(Rejection::NotFound)?.clone();
    definition.archived_at = None;
    definition.updated_at = Some(context.now);
    account.put_property(definition.clone());
    Ok(definition)
}

/// Lets callers write a property, or not.
pub(crate) fn set_property_read_only(
    account: &mut Account,
    context: &Context<'_>,
    name: &str,
    is_read_only: bool,
) -> Result<PropertyDefinition, Rejection> {
    change(account, context, name, |_, definition| {
        if DERIVED.contains(&name) {
            return Err(invalid(format!("HubSpot derives property {name}.")));
        }
        definition.modification_metadata.read_only_value = is_read_only;
        Ok(())
    })
}

/// Adds an option at the end, with its value as its label.
pub(crate) fn add_property_option(
    account: &mut Account,
    context: &Context<'_>,
    name: &str,
    value: &str,
) -> Result<PropertyDefinition, Rejection> {
    change(account, context, name, |account, definition| {
        let highest = definition.options.iter().map(|option| option.display_order).max();
        definition.options.push(PropertyOption {
            label: value.to_owned(),
            value: value.to_owned(),
            hidden: false,
            display_order: highest.unwrap_or(-1) + 1,
        });
        check_definition(account, definition)
    })
}

/// Removes an option. Contacts that have it keep it.
pub(crate) fn remove_property_option(
    account: &mut Account,
    context: &Context<'_>,
    name: &str,
    value: &str,
) -> Result<PropertyDefinition, Rejection> {
    change(account, context, name, |account, definition| {
        let position = definition.options.iter().position(|option| option.value == value);
        definition.options.remove(position.ok_or(Rejection::NotFound)?);
        check_definition(account, definition)
    })
}

/// Gives a property the type and the options of another one with the same name. Values that contacts have stay as they
/// are.
pub(crate) fn change_property_type(
    account: &mut Account,
    context: &Context<'_>,
    new: &CustomProperty,
) -> Result<PropertyDefinition, Rejection> {
    let name = &new.name;
    change(account, context, name, |account, definition| {
        check_free(name)?;
        if definition.has_unique_value {
            return Err(invalid(format!(
                "The type of property {name} cannot change, because its values are unique."
            )));
        }
        definition.property_type = new.property_type;
        definition.field_type = new.field_type;
        definition.options = new.options();
        definition.external_options = false;
        definition.referenced_object_type = None;
        definition.validation_rules.clear();
        check_definition(account, definition)
    })
}

/// Replaces the validation rules of a property.
pub(crate) fn set_validation_rules(
    account: &mut Account,
    context: &Context<'_>,
    name: &str,
    rules: Vec<ValidationRule>,
) -> Result<PropertyDefinition, Rejection> {
    change(account, context, name, |_, definition| {
        for rule in &rules {
            rule.check(definition.kind()).map_err(invalid)?;
            // The indexes of unique values have them as they were written.
            if rule.should_apply_normalization && definition.has_unique_value {
                return Err(invalid("unique values cannot be normalized"));
            }
        }
        definition.validation_rules = rules;
        Ok(())
    })
}

/// Rejects the properties without which a contact would not be one: its address and what HubSpot derives.
fn check_free(name: &str) -> Result<(), Rejection> {
    if name == "email" || DERIVED.contains(&name) {
        return Err(invalid(format!("every account has property {name} as it is")));
    }
    Ok(())
}

/// Changes a property that is not archived.
fn change(
    account: &mut Account,
    context: &Context<'_>,
    name: &str,
    change: impl FnOnce(&Account, &mut PropertyDefinition) -> Result<(), Rejection>,
) -> Result<PropertyDefinition, Rejection> {
    let mut definition = account.properties.get(name).ok_or(Rejection::NotFound)?.clone();
    change(account, &mut definition)?;
    definition.updated_at = Some(context.now);
    account.put_property(definition.clone());
    Ok(definition)
}
