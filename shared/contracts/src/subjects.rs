//! Subjects, stream and consumer.

use crate::UserId;

/// The name of the user service in the NATS services framework.
pub const USER_SERVICE: &str = "user";
/// The queue group its replicas share.
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
/// The subject of [`DeliveryNotice`](crate::DeliveryNotice).
pub const HUBSPOT_DELIVERY: &str = <crate::DeliveryNotice as crate::Notice>::SUBJECT;

/// The stream of wake-ups: a work queue with one message for each user.
pub const STREAM: &str = "USERS";
/// The subjects of the stream.
pub const USERS_CHANGED_ALL: &str = "users.changed.*";
/// The durable pull consumer of the lease holder.
pub const CONSUMER: &str = "hubspot";
/// The most wake-ups the stream holds; the database holds the rest.
pub const WINDOW: u64 = 10_000;
/// The most wake-ups the stream may hold for users to be announced whose time has come: enough for every call a worker
/// may have out, few enough that a change accepted while a backlog drains finds a place and is delivered in seconds.
pub const DUE_WINDOW: u64 = 4_000;
/// The same for back-fill, so that it waits for live users.
pub const BACKFILL_WINDOW: u64 = DUE_WINDOW / 2;

/// The subject on which a user is announced.
pub fn users_changed(user_id: &UserId) -> String {
    format!("users.changed.{user_id}")
}

/// The user a wake-up's subject names.
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
