//! Users by the trouble that they met.

use contracts::{ProblemFilter, SyncState};

use crate::problem::ApiError;

/// The state that is meant, if users are listed by it.
pub(crate) fn listed_state(name: &str) -> Result<SyncState, ApiError> {
    match name {
        "rejected" => Ok(SyncState::Rejected),
        "conflict" => Ok(SyncState::Conflict),
        "failed" => Ok(SyncState::Failed),
        "notFound" => Ok(SyncState::NotFound),
        _ => Err(ApiError::InvalidParameter {
            part: "state",
            rule: "it is one of pending, rejected, conflict, failed and notFound".to_owned(),
        }),
    }
}

/// Users in that state for that reason.
pub(crate) fn troubled(state: Option<SyncState>, reason: Option<String>) -> Result<ProblemFilter, ApiError> {
    if state.is_none() && reason.is_some() {
        return Err(ApiError::InvalidParameter {
            part: "reason",
            rule: "it goes with a state, since it means something else in each".to_owned(),
        });
    }
    Ok(ProblemFilter { state, reason })
}
