//! Rules an account's admin sets up; HubSpot checks writes against them from version 2026-09 on.
//! <https://developers.hubspot.com/changelog/crm-api-write-validation-enforcement>

use super::{ApiVersion, Contact, Context, PropertyFault, Values, values::fault_of};

// HubSpot has not published the codes of these refusals; the two below are this sandbox's own.
const REFUSED: &str = "PROPERTY_WRITE_REFUSED";
const REQUIRED: &str = "REQUIRED_PROPERTY";

/// The fault of a write that names a property nobody may write.
pub(crate) fn refused_by_admin(context: &Context<'_>, values: &Values) -> Option<PropertyFault> {
    let name = context
        .switches
        .refused_property
        .as_deref()
        .filter(|name| values.contains_key(*name))?;
    applies(context).then(|| {
        fault_of(
            name,
            REFUSED,
            format!("Property \"{name}\" cannot be edited by this user or app."),
        )
    })
}

/// The fault of a write that would leave a required property empty.
pub(crate) fn required_by_admin(context: &Context<'_>, contact: &Contact) -> Option<PropertyFault> {
    let name = context.switches.required_property.as_deref()?;
    let is_missing = contact.value(name).is_none();
    (applies(context) && is_missing)
        .then(|| fault_of(name, REQUIRED, format!("Property \"{name}\" is required.")))
}

fn applies(context: &Context<'_>) -> bool {
    context.version >= ApiVersion::September2026
}
