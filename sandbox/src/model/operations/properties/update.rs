//! Updates the definition of a property. Its name and its uniqueness never change.
//! <https://developers.hubspot.com/docs/api-reference/latest/crm/properties/guide>

use super::{checks::check_definition, invalid};
use crate::model::{
    Account, Context, FieldType, PropertyDefinition, PropertyOption, PropertyType, Rejection,
};

/// The members of an update; none leaves a member as it is.
#[derive(Debug, Default)]
pub(crate) struct PropertyChanges {
    pub(crate) label: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) group_name: Option<String>,
    pub(crate) property_type: Option<PropertyType>,
    pub(crate) field_type: Option<FieldType>,
    /// The options, which replace all former ones.
    pub(crate) options: Option<Vec<PropertyOption>>,
    pub(crate) hidden: Option<bool>,
    pub(crate) form_field: Option<bool>,
    pub(crate) display_order: Option<i64>,
}

impl PropertyChanges {
    fn changes_only_options(&self) -> bool {
        self.label.is_none()
            && self.description.is_none()
            && self.group_name.is_none()
            && self.property_type.is_none()
            && self.field_type.is_none()
            && self.hidden.is_none()
            && self.form_field.is_none()
            && self.display_order.is_none()
    }

    fn apply(self, definition: &mut PropertyDefinition) {
        replace(&mut definition.label, self.label);
        replace(&mut definition.description, self.description);
        replace(&mut definition.group_name, self.group_name);
        replace(&mut definition.property_type, self.property_type);
        replace(&mut definition.field_type, self.field_type);
        replace(&mut definition.options, self.options);
        replace(&mut definition.hidden, self.hidden);
        replace(&mut definition.form_field, self.form_field);
        replace(&mut definition.display_order, self.display_order);
    }
}

fn replace<T>(member: &mut T, new: Option<T>) {
    if let Some(new) = new {
        *member = new;
    }
}

/// Updates a property that is not archived. Values that contacts have stay as they are, even if they do not fit any more.
pub(crate) fn update_property(
    account: &mut Account,
    context: &Context<'_>,
    name: &str,
    changes: PropertyChanges,
) -> Result<PropertyDefinition, Rejection> {
    let before = account.properties.get(name).ok_or(Rejection::NotFound)?;
    let metadata = before.modification_metadata;
    if metadata.read_only_definition && !changes.changes_only_options() {
        return Err(invalid(format!(
            "The definition of property {name} is read only."
        )));
    }
    if metadata.read_only_options && changes.options.is_some() {
        return Err(invalid(format!("The options of property {name} are read only.")));
    }
    let mut definition = before.clone();
    changes.apply(&mut definition);
    check_definition(account, &definition)?;
    if definition.kind() != before.kind() {
        if definition.has_unique_value {
            return Err(invalid(format!(
                "The type of property {name} cannot change, because its values are unique."
            )));
        }
        // Rules are for values of one type.
        definition.validation_rules.clear();
    }
    definition.updated_at = Some(context.now);
    account.put_property(definition.clone());
    Ok(definition)
}
