//! The operations of HubSpot's API, on contacts and on the definitions of their properties.

mod archive;
mod batch;
mod checks;
mod create;
mod erase;
mod list;
mod lookup;
mod merge;
mod properties;
mod search;
mod update;

pub(crate) use archive::archive;
pub(crate) use batch::{
    BatchError, BatchOutcome, BatchResult, WriteInput, batch_archive, batch_create, batch_read, batch_update,
    batch_upsert,
};
pub(crate) use create::create;
pub(crate) use erase::delete_for_privacy;
pub(crate) use list::list;
pub(crate) use lookup::{find, read};
pub(crate) use merge::merge;
pub(crate) use properties::{
    PropertyChanges, add_property_option, archive_any_property, archive_property, change_property_type,
    create_property, create_property_group, remove_property_option, restore_property, set_property_read_only,
    set_validation_rules, update_property,
};
pub(crate) use search::{Search, search};
pub(crate) use update::update;
