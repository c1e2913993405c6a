//! Callers that change users, and the record of what was accepted.

pub mod accepted_changes;
pub mod clients;
pub mod pairs;
pub mod test_users;
