//! The rules of a user's row: how it accepts a change, how it is claimed, and how it takes the results of attempts.
//!
//! Everything here is pure: rows, requests and the time go in, changed rows and answers come out. A group commit loads the
//! rows, calls these functions and saves the rows in one transaction. The simulation runs the same code.
//! Each rule exists because a schedule broke without it.

mod change;
mod claim;
mod dirty;
mod history;
mod import;
mod key;
mod late_writes;
mod lease;
mod link;
mod operator;
mod problem;
mod receipt;
mod recent_changes;
mod report;
mod results;
mod row;
mod sweep;
#[cfg(test)]
mod tests;
mod timing;
mod values;
mod version_floor;

pub use change::{Change, ChangeError, Changed, accept_change};
pub use claim::{Claimed, Worker, claim, is_under_way, next_target};
pub use dirty::{repair, retract, retry};
pub use history::PastAttempt;
pub use import::{Imported, accept_line};
pub use key::{ChangeHash, KeyHash, KeyState, KeyedChange, StoredKey};
pub use late_writes::{LateWriteWindow, extend_windows_to};
pub use lease::{Lease, change_lease, control_delivery};
pub use link::{inherit_values, is_second_in_shared_contact};
pub use operator::{ResyncResult, link_by_operator, lose_contact, resync, send_everything, unlink};
pub(crate) use problem::next_recheck;
pub use receipt::{overall_state, receipt, state_of};
pub use recent_changes::{RecentChange, Try};
pub use report::{Effects, report_result};
pub use row::{FieldState, OpenAttempt, RememberedCreate, Row, UnknownMembers, UnknownParts};
pub use sweep::{DueEffects, handle_due, take_due_wake_up, wake_now};
pub use timing::RuleTiming;
pub use version_floor::{FingerprintChange, check_fingerprint, raise_version_floor};

/// Milliseconds since 1970 by the store's clock.
pub type UnixMs = i64;
