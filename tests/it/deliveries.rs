//! Deliveries to HubSpot, and comparisons with it.

mod changes;
mod comparisons;
mod request_ids;
mod waiting_users;
