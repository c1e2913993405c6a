//! Bodies of responses: contacts, definitions of properties, and errors in HubSpot's form.

pub(crate) mod batch_error;
pub(crate) mod contact_json;
pub(crate) mod error_body;
pub(crate) mod known_errors;
pub(crate) mod property_json;
pub(crate) mod rejection_body;
pub(crate) mod translation;
