//! Deliveries to HubSpot, and comparisons with it.

mod changes;
mod comparisons;
mod confirmations;
mod request_ids;
mod waiting_users;
