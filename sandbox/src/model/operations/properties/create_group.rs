//! Creates a group of properties.

use super::invalid;
use crate::model::{Account, PropertyGroup, Rejection, properties::naming::is_valid_name};

/// Creates a group with a name that no group has.
pub(crate) fn create_property_group(
    account: &mut Account,
    group: PropertyGroup,
) -> Result<PropertyGroup, Rejection> {
    let name = &group.name;
    if !is_valid_name(name) {
        return Err(invalid(format!("The property group name {name} is invalid.")));
    }
    if group.label.trim().is_empty() {
        return Err(invalid(format!("The label of property group {name} is empty.")));
    }
    if account.properties.group(name).is_some() {
        return Err(Rejection::PropertyGroupExists(group.name));
    }
    account.put_group(group.clone());
    Ok(group)
}
