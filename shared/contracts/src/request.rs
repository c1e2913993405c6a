//! The two kinds of messages on NATS: a request with its subject and its answer, and a notice with its subject.

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    AcceptedNotice, ChangeLease, ClaimUsers, CompareUsers, Comparison, ControlDelivery, DeliveryControl,
    DeliveryNotice, FieldDefinitions, FieldsChanged, GetReceipt, GetUser, ImportUsers, LeaseAnswer, LinkUser,
    ListUsers, ReadFields, ReadUsersToCompare, Receipt, RepairUsers, ReportResults, ResolvedNotice,
    ResultsReported, ResyncUsers, RetryUsers, SummarizeUsers, UnlinkUser, UpdateUser, User, UserUpdated,
    UsersClaimed, UsersImported, UsersListed, UsersRepaired, UsersResynced, UsersRetried, UsersSummary,
    UsersToCompare, WakeUpNotice,
};

/// A request that crosses NATS, with its subject and its answer. The service that owns the subject answers each request, either
/// with the answer or with a [`ServiceError`](crate::ServiceError).
pub trait Request: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The subject of the request.
    const SUBJECT: &'static str;
    /// The answer of the service.
    type Answer: Serialize + DeserializeOwned + Send + Sync + 'static;
}

/// A message without an answer. A lost notice does no harm, because the same facts can be read by requests.
pub trait Notice: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The subject of the notice.
    const SUBJECT: &'static str;
}

/// Declares requests, each with its subject and its answer, and the list of their subjects.
macro_rules! requests {
    ($(#[$doc:meta])* $list:ident; $($request:ident: $subject:literal => $answer:ty;)*) => {
        $(#[$doc])*
        pub(crate) const $list: &[&str] = &[$($request::SUBJECT),*];
        $(impl Request for $request {
            const SUBJECT: &'static str = $subject;
            type Answer = $answer;
        })*
    };
}

/// Declares notices, each with its subject, and the list of their subjects.
macro_rules! notices {
    ($(#[$doc:meta])* $list:ident; $($notice:ident: $subject:literal;)*) => {
        $(#[$doc])*
        pub(crate) const $list: &[&str] = &[$($notice::SUBJECT),*];
        $(impl Notice for $notice {
            const SUBJECT: &'static str = $subject;
        })*
    };
}

requests! {
    /// Requests of the gateway that the user service answers.
    GATEWAY_TO_USER;
    UpdateUser: "users.update" => UserUpdated;
    ImportUsers: "users.import" => UsersImported;
    GetUser: "users.get" => User;
    GetReceipt: "users.sync.get" => Receipt;
    ListUsers: "users.sync.list" => UsersListed;
    SummarizeUsers: "users.sync.summary" => UsersSummary;
    RetryUsers: "users.sync.retry" => UsersRetried;
    ResyncUsers: "users.sync.resync" => UsersResynced;
    LinkUser: "users.sync.link" => Receipt;
    UnlinkUser: "users.sync.unlink" => Receipt;
    ControlDelivery: "users.delivery" => DeliveryControl;
}

requests! {
    /// Requests of the hubspot service that the user service answers.
    HUBSPOT_TO_USER;
    ChangeLease: "users.lease" => LeaseAnswer;
    ClaimUsers: "users.claim" => UsersClaimed;
    ReportResults: "users.report" => ResultsReported;
    ReadUsersToCompare: "users.compare" => UsersToCompare;
    RepairUsers: "users.repair" => UsersRepaired;
}

requests! {
    /// Requests of the gateway and the hubspot service that the user service answers.
    ANY_TO_USER;
    ReadFields: "users.fields" => FieldDefinitions;
}

requests! {
    /// Requests of the gateway that the worker that holds the lease answers.
    GATEWAY_TO_HUBSPOT;
    CompareUsers: "hubspot.compare" => Comparison;
}

notices! {
    /// Notices of the user service to every service, replicas of its own included.
    USER_TO_ANY;
    FieldsChanged: "users.fields.changed";
}

notices! {
    /// Notices of the user service to gateways.
    USER_TO_GATEWAY;
    AcceptedNotice: "users.accepted";
    ResolvedNotice: "users.resolved";
}

notices! {
    /// Notices of the user service to the worker that holds the lease.
    USER_TO_HUBSPOT;
    WakeUpNotice: "users.wake";
}

notices! {
    /// Notices of the hubspot service.
    HUBSPOT_NOTICES;
    DeliveryNotice: "hubspot.delivery";
}
