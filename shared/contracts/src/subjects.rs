//! Subjects, stream and consumer.

use crate::UserId;

/// The name of the user service in the NATS services framework.
pub const USER_SERVICE: &str = "user";
/// The queue group its replicas share.
pub const USER_QUEUE: &str = "user";

/// Request: [`UpdateUser`](crate::UpdateUser), answer: [`UserUpdated`](crate::UserUpdated).
pub const USERS_UPDATE: &str = "users.update";
/// Request: [`ImportUsers`](crate::ImportUsers), answer: [`UsersImported`](crate::UsersImported).
pub const USERS_IMPORT: &str = "users.import";
/// Request: [`GetUser`](crate::GetUser), answer: [`User`](crate::User).
pub const USERS_GET: &str = "users.get";
/// Request: [`GetReceipt`](crate::GetReceipt), answer: [`Receipt`](crate::Receipt).
pub const USERS_SYNC_GET: &str = "users.sync.get";
/// Request: [`ListUsers`](crate::ListUsers), answer: [`UsersListed`](crate::UsersListed).
pub const USERS_SYNC_LIST: &str = "users.sync.list";
/// Request: an empty object, answer: [`UsersSummary`](crate::UsersSummary).
pub const USERS_SYNC_SUMMARY: &str = "users.sync.summary";
/// Request: [`RetryUsers`](crate::RetryUsers), answer: [`UsersRetried`](crate::UsersRetried).
pub const USERS_SYNC_RETRY: &str = "users.sync.retry";
/// Request: [`ResyncUsers`](crate::ResyncUsers), answer: [`UsersResynced`](crate::UsersResynced).
pub const USERS_SYNC_RESYNC: &str = "users.sync.resync";
/// Request: [`LinkUser`](crate::LinkUser), answer: [`Receipt`](crate::Receipt).
pub const USERS_SYNC_LINK: &str = "users.sync.link";
/// Request: [`UnlinkUser`](crate::UnlinkUser), answer: [`Receipt`](crate::Receipt).
pub const USERS_SYNC_UNLINK: &str = "users.sync.unlink";
/// Request: [`AskLease`](crate::AskLease), answer: [`LeaseAnswer`](crate::LeaseAnswer).
pub const USERS_LEASE: &str = "users.lease";
/// Request: [`ControlLine`](crate::ControlLine), answer: [`LineControl`](crate::LineControl).
pub const USERS_DELIVERY: &str = "users.delivery";
/// Request: [`ClaimUsers`](crate::ClaimUsers), answer: [`ClaimsGiven`](crate::ClaimsGiven).
pub const USERS_CLAIM: &str = "users.claim";
/// Request: [`RecordVerdicts`](crate::RecordVerdicts), answer: [`VerdictsRecorded`](crate::VerdictsRecorded).
pub const USERS_REPORT: &str = "users.report";
/// Event: [`AcceptedNotice`](crate::AcceptedNotice).
pub const USERS_ACCEPTED: &str = "users.accepted";
/// Request: [`ReadToCompare`](crate::ReadToCompare), answer: [`UsersToCompare`](crate::UsersToCompare).
pub const USERS_COMPARE: &str = "users.compare";
/// Request: [`RepairUsers`](crate::RepairUsers), answer: [`UsersRepaired`](crate::UsersRepaired).
pub const USERS_REPAIR: &str = "users.repair";
/// Event: [`SettledNotice`](crate::SettledNotice).
pub const USERS_RESOLVED: &str = "users.resolved";

/// Request: [`Compare`](crate::Compare), answer: [`Comparison`](crate::Comparison). Only the worker that has the lease
/// listens.
pub const HUBSPOT_COMPARE: &str = "hubspot.compare";
/// Event: [`LineNotice`](crate::LineNotice).
pub const HUBSPOT_DELIVERY: &str = "hubspot.delivery";

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
