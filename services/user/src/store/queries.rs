//! What readers can ask for besides a single row: lists, scans and counts. Each database answers them in its own
//! language; what they have in common is here.

mod counts;
mod list;
mod scan;

pub use counts::{Counts, ProblemTotal};
pub(super) use counts::{MAX_PROBLEM_STATE, MIN_PROBLEM_STATE, PendingCounts};
pub use list::{InvalidList, List, Listed, PendingPosition, ProblemPosition};
pub(super) use list::{PENDING_POSITION, PROBLEM_POSITION};
pub(super) use scan::ScannedRows;
pub use scan::{ScanFilter, ScanPage, UserScan};
