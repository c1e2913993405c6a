//! Creates a property, or restores an archived one with the same name.
//! <https://developers.hubspot.com/docs/api-reference/latest/crm/properties/guide>

use super::{checks::check_definition, invalid};
use crate::model::{
    Account, Context, PropertyDefinition, PropertyType, Rejection, properties::naming::is_valid_name,
};

/// HubSpot's limit on the custom properties of contacts.
const MAX_CUSTOM: usize = 1_000;

/// HubSpot's limit on the unique properties of contacts.
const MAX_UNIQUE: usize = 10;

/// The beginning of the names that HubSpot keeps for itself.
const RESERVED_PREFIX: &str = "hs_";

/// Creates a property. If an archived one has the same name and the same kind of values, the new definition replaces it,
/// and contacts have their old values again.
pub(crate) fn create_property(
    account: &mut Account,
    context: &Context<'_>,
    mut definition: PropertyDefinition,
) -> Result<PropertyDefinition, Rejection> {
    check_name(&definition.name)?;
    check_definition(account, &definition)?;
    if definition.has_unique_value && definition.property_type != PropertyType::String {
        return Err(invalid(format!(
            "Property {} of this type cannot have unique values.",
            definition.name
        )));
    }
    match account.properties.definition(&definition.name) {
        Some(former) if !can_restore(former, &definition) => {
            return Err(Rejection::PropertyExists(definition.name));
        }
        Some(former) => definition.created_at = former.created_at,
        None => {
            check_limits(account, &definition)?;
            definition.created_at = Some(context.now);
        }
    }
    definition.updated_at = Some(context.now);
    account.put_property(definition.clone());
    Ok(definition)
}

fn check_name(name: &str) -> Result<(), Rejection> {
    if !is_valid_name(name) {
        return Err(invalid(format!(
            "The property name {name} is invalid: it needs lower-case letters, digits and underscores, beginning with \
             a letter."
        )));
    }
    if name.starts_with(RESERVED_PREFIX) {
        return Err(invalid(format!(
            "The property name {name} begins with {RESERVED_PREFIX}, which is reserved."
        )));
    }
    Ok(())
}

/// Whether a create takes the place of an archived property. The values of contacts would not fit another type, and
/// they were not unique if the former property was not.
fn can_restore(former: &PropertyDefinition, new: &PropertyDefinition) -> bool {
    former.is_archived()
        && !former.hubspot_defined
        && former.kind() == new.kind()
        && former.has_unique_value == new.has_unique_value
}

fn check_limits(account: &Account, definition: &PropertyDefinition) -> Result<(), Rejection> {
    let custom = account
        .properties
        .definitions()
        .filter(|property| !property.hubspot_defined);
    if custom.count() >= MAX_CUSTOM {
        return Err(invalid(format!(
            "The account has {MAX_CUSTOM} custom properties, which is the maximum."
        )));
    }
    if definition.has_unique_value && account.properties.unique_names().count() >= MAX_UNIQUE {
        return Err(invalid(format!(
            "The account has {MAX_UNIQUE} unique properties, which is the maximum."
        )));
    }
    Ok(())
}
