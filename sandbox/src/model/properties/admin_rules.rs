//! Rules that an admin of the account sets up. HubSpot applies them from version 2026-09 on.
//! <https://developers.hubspot.com/changelog/crm-api-write-validation-enforcement>

use super::validation::property_error;
use crate::model::{ApiVersion, Contact, Context, PropertyError, Values};

// HubSpot has not published the codes of these errors. The two below are the sandbox's own.
const PROTECTED: &str = "PROPERTY_WRITE_REFUSED";
const REQUIRED: &str = "REQUIRED_PROPERTY";

/// The error of a write of a property whose writes an admin rejects.
pub(crate) fn protected_property_error(context: &Context<'_>, values: &Values) -> Option<PropertyError> {
    let name = context
        .switches
        .rejected_property
        .as_deref()
        .filter(|name| values.contains_key(*name))?;
    rules_apply(context).then(|| {
        property_error(
            name,
            PROTECTED,
            format!("Property \"{name}\" cannot be edited by this user or app."),
        )
    })
}

/// The error of a write that leaves a required property empty.
pub(crate) fn required_property_error(context: &Context<'_>, contact: &Contact) -> Option<PropertyError> {
    let name = context.switches.required_property.as_deref()?;
    let is_missing = contact.value(name).is_none();
    (rules_apply(context) && is_missing)
        .then(|| property_error(name, REQUIRED, format!("Property \"{name}\" is required.")))
}

fn rules_apply(context: &Context<'_>) -> bool {
    context.version >= ApiVersion::September2026
}
