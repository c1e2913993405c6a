//! The stream of wake-ups, its consumer, and names that services share.

use crate::UserId;

/// The name of the user service in the NATS services framework.
pub const USER_SERVICE: &str = "user";
/// The queue group of its replicas: each request goes to one of them.
pub const USER_QUEUE: &str = "user";

/// The stream of wake-ups: a work queue with at most one message per user.
pub const STREAM: &str = "USERS";
/// The subjects of the stream.
pub const USERS_CHANGED_ALL: &str = "users.changed.*";
/// The durable pull consumer of the worker that holds the lease.
pub const CONSUMER: &str = "hubspot";
/// The maximum number of wake-ups in the stream. Users beyond them wait in the database.
pub const WINDOW: u64 = 10_000;
/// The sweep fills the stream with at most this many wake-ups: enough for every call that a worker may have under way, and few enough
/// that a change that is accepted while a backlog drains is delivered within seconds.
pub const DUE_WINDOW: u64 = 4_000;
/// The same for users with back-fill priority, so that they wait for live ones.
pub const BACKFILL_WINDOW: u64 = DUE_WINDOW / 2;

/// The subject of a user's wake-up.
pub fn users_changed(user_id: &UserId) -> String {
    format!("users.changed.{user_id}")
}

/// The user that the subject of a wake-up names.
pub fn user_of_subject(subject: &str) -> Option<UserId> {
    subject.strip_prefix("users.changed.")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_names_its_user() {
        let id: UserId = "u-7".parse().expect("a valid id");
        assert_eq!(user_of_subject(&users_changed(&id)), Some(id));
        assert_eq!(user_of_subject("users.changed."), None);
        assert_eq!(user_of_subject("users.other.7"), None);
    }
}
