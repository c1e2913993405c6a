#![doc = include_str!("../README.md")]

pub mod access;
mod address;
pub mod comparison;
pub mod delivery;
pub mod delivery_status;
pub mod error;
mod field_set;
pub mod fields;
pub mod headers;
mod ids;
pub mod import;
mod link;
pub mod overview;
pub mod receipt;
mod request;
mod request_context;
mod resync;
pub mod subjects;
pub mod user;

pub use address::{is_same_address, lowercase_address};
pub use comparison::{
    CompareUsers, Comparison, ComparisonPurpose, Difference, Finding, FindingKind, MAX_COMPARED,
    ReadUsersToCompare, RepairUser, RepairUsers, UserSelection, UserToCompare, UsersRepaired, UsersToCompare,
};
pub use delivery::{
    AttemptFailure, AttemptResult, ChangeLease, Claim, ClaimUsers, Confirmation, ControlDelivery,
    DeliveryAction, DeliveryControl, FieldResult, LastResponse, LeaseAction, LeaseAnswer, Link, LinkOrigin,
    MAX_NORMALIZED_BYTES, NewLink, NextAction, PossibleCreate, Priority, Reason, ReportResults, ReportedUser,
    ResultsReported, Retraction, TokenState, UserChanged, UsersClaimed, VALUE_NOT_KEPT, WakeUpNotice,
    WriteTarget,
};
pub use delivery_status::{CallLimits, DeliveryNotice, DeliveryStatus};
pub use error::{ErrorCode, InvalidValue, ServiceError};
pub use field_set::{FieldsChanged, ReadFields};
pub use fields::{Field, FieldDefinitions, FieldSet, PerField, Value, Values};
pub use ids::{InvalidUserId, UserId};
pub use import::{ImportLine, ImportResult, ImportUsers, MAX_IMPORT_LINES, UsersImported};
pub use link::{ContactId, InvalidContactId, LinkUser, UnlinkUser};
pub use overview::{
    ListUsers, ListedReason, ListedUser, MAX_LISTED, MAX_PROBLEM_COUNTS, ProblemCount, ProblemFilter,
    RetryUsers, SummarizeUsers, UserFilter, UsersListed, UsersRetried, UsersSummary,
};
pub use receipt::{
    AcceptedNotice, AcceptedUser, AttemptReceipt, EarlierField, FieldReceipt, ProblemKind, Receipt,
    ResolvedNotice, ResolvedUser, SyncProblem, SyncState, VersionState,
};
pub use request::{Notice, Request};
pub use request_context::RequestContext;
pub use resync::{ResyncUsers, UsersResynced, UsersToResync};
pub use user::{GetReceipt, GetUser, SenderTry, UpdateForm, UpdateUser, User, UserUpdated};
