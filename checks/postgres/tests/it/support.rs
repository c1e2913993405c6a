//! What several tests share: a user service, and many changes at the same time.

pub(crate) mod concurrent_changes;
pub(crate) mod user_service;
