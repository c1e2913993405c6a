//! The operations on definitions of properties: those of HubSpot's API, and what an admin of the account does.

mod administer;
mod archive;
mod checks;
mod create;
mod create_group;
mod update;

pub(crate) use administer::{
    add_property_option, archive_any_property, change_property_type, remove_property_option,
    restore_property, set_property_read_only, set_validation_rules,
};
pub(crate) use archive::archive_property;
pub(crate) use create::create_property;
pub(crate) use create_group::create_property_group;
pub(crate) use update::{PropertyChanges, update_property};

use crate::model::Rejection;

/// The rejection of a definition.
fn invalid(message: impl Into<String>) -> Rejection {
    Rejection::InvalidDefinition(message.into())
}

#[cfg(test)]
mod tests;
