#![doc = include_str!("../README.md")]

mod address;
pub mod comparison;
pub mod delivery;
pub mod error;
pub mod fields;
pub mod headers;
mod ids;
pub mod import;
pub mod line;
mod link;
pub mod overview;
pub mod receipt;
mod resync;
pub mod subjects;
pub mod user;

pub use address::{is_same_address, lowercase_address};
pub use comparison::{
    Aim, Chosen, Compare, Comparison, Difference, Finding, FindingKind, MAX_COMPARED, ReadToCompare,
    RepairUser, RepairUsers, UserToCompare, UsersRepaired, UsersToCompare,
};
pub use delivery::{
    AskLease, Claim, ClaimUsers, ClaimsGiven, ControlLine, Failure, Found, Lane, LastAnswer, LeaseAnswer,
    LeaseWish, LineControl, LineWish, Link, LinkFound, MayBeCreated, Next, Outcome, Reason, RecordVerdicts,
    Recorded, UserChanged, Verdict, VerdictsRecorded, Withdrawal,
};
pub use error::{ErrorCode, Fault, ServiceError};
pub use fields::{Field, FieldSet, PerField, Values};
pub use ids::{InvalidUserId, UserId};
pub use import::{ImportLine, ImportOutcome, ImportUsers, MAX_IMPORT_LINES, UsersImported};
pub use line::{CallLimits, LineNotice, LineState};
pub use link::{ContactId, InvalidContactId, LinkUser, UnlinkUser};
pub use overview::{
    ListUsers, ListedReason, ListedUser, MAX_LISTED, MAX_TROUBLES, RetryUsers, Trouble, Troubled,
    UsersListed, UsersRetried, UsersSummary, Which,
};
pub use receipt::{
    AcceptedNotice, AcceptedUser, AttemptReceipt, EarlierField, FieldReceipt, ProblemKind, Receipt,
    SettledNotice, SettledUser, State, SyncProblem, SyncState,
};
pub use resync::{ResyncUsers, UsersResynced};
pub use user::{GetReceipt, GetUser, UpdateForm, UpdateUser, User, UserUpdated};
