//! The endpoints of HubSpot's API.

pub(crate) mod account_details;
pub(crate) mod batches;
pub(crate) mod contacts;
pub(crate) mod properties;
pub(crate) mod property_groups;
pub(crate) mod property_validations;
pub(crate) mod search;
pub(crate) mod token;
