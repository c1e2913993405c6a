//! The endpoints of HubSpot's API.

pub(crate) mod account_details;
pub(crate) mod batches;
pub(crate) mod contacts;
pub(crate) mod property_definitions;
pub(crate) mod search;
pub(crate) mod token;
