//! The stream of wake-ups, its consumer, and names that services share.

use crate::UserId;

/// The name of the user service in the NATS services framework.
pub const USER_SERVICE: &str = "user";
/// The queue group of its replicas: each request goes to one of them.
pub const USER_QUEUE: &str = "user";

/// The subject of [`UpdateUser`](crate::UpdateUser).
pub const USERS_UPDATE: &str = <crate::UpdateUser as crate::Request>::SUBJECT;
/// The subject of [`ImportUsers`](crate::ImportUsers).
pub const USERS_IMPORT: &str = <crate::ImportUsers as crate::Request>::SUBJECT;
/// The subject of [`GetUser`](crate::GetUser).
pub const USERS_GET: &str = <crate::GetUser as crate::Request>::SUBJECT;
/// The subject of [`GetReceipt`](crate::GetReceipt).
pub const USERS_SYNC_GET: &str = <crate::GetReceipt as crate::Request>::SUBJECT;
/// The subject of [`ListUsers`](crate::ListUsers).
pub const USERS_SYNC_LIST: &str = <crate::ListUsers as crate::Request>::SUBJECT;
/// The subject of [`SummarizeUsers`](crate::SummarizeUsers).
pub const USERS_SYNC_SUMMARY: &str = <crate::SummarizeUsers as crate::Request>::SUBJECT;
/// The subject of [`RetryUsers`](crate::RetryUsers).
pub const USERS_SYNC_RETRY: &str = <crate::RetryUsers as crate::Request>::SUBJECT;
/// The subject of [`ResyncUsers`](crate::ResyncUsers).
pub const USERS_SYNC_RESYNC: &str = <crate::ResyncUsers as crate::Request>::SUBJECT;
/// The subject of [`LinkUser`](crate::LinkUser).
pub const USERS_SYNC_LINK: &str = <crate::LinkUser as crate::Request>::SUBJECT;
/// The subject of [`UnlinkUser`](crate::UnlinkUser).
pub const USERS_SYNC_UNLINK: &str = <crate::UnlinkUser as crate::Request>::SUBJECT;
/// The subject of [`ChangeLease`](crate::ChangeLease).
pub const USERS_LEASE: &str = <crate::ChangeLease as crate::Request>::SUBJECT;
/// The subject of [`ControlDelivery`](crate::ControlDelivery).
pub const USERS_DELIVERY: &str = <crate::ControlDelivery as crate::Request>::SUBJECT;
/// The subject of [`ClaimUsers`](crate::ClaimUsers).
pub const USERS_CLAIM: &str = <crate::ClaimUsers as crate::Request>::SUBJECT;
/// The subject of [`ReportResults`](crate::ReportResults).
pub const USERS_REPORT: &str = <crate::ReportResults as crate::Request>::SUBJECT;
/// The subject of [`ReadUsersToCompare`](crate::ReadUsersToCompare).
pub const USERS_COMPARE: &str = <crate::ReadUsersToCompare as crate::Request>::SUBJECT;
/// The subject of [`RepairUsers`](crate::RepairUsers).
pub const USERS_REPAIR: &str = <crate::RepairUsers as crate::Request>::SUBJECT;
/// The subject of [`CompareUsers`](crate::CompareUsers).
pub const HUBSPOT_COMPARE: &str = <crate::CompareUsers as crate::Request>::SUBJECT;
/// The subject of [`AcceptedNotice`](crate::AcceptedNotice).
pub const USERS_ACCEPTED: &str = <crate::AcceptedNotice as crate::Notice>::SUBJECT;
/// The subject of [`ResolvedNotice`](crate::ResolvedNotice).
pub const USERS_RESOLVED: &str = <crate::ResolvedNotice as crate::Notice>::SUBJECT;
/// The subject of [`WakeUpNotice`](crate::WakeUpNotice).
pub const USERS_WAKE: &str = <crate::WakeUpNotice as crate::Notice>::SUBJECT;
/// The subject of [`DeliveryNotice`](crate::DeliveryNotice).
pub const HUBSPOT_DELIVERY: &str = <crate::DeliveryNotice as crate::Notice>::SUBJECT;

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
