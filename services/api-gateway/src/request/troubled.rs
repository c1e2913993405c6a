//! Users by the trouble that they met.

use contracts::{State, Troubled};

use crate::problem::ApiError;

/// The state that is meant, if users are listed by it.
pub(crate) fn listed_state(name: &str) -> Result<State, ApiError> {
    match name {
        "refused" => Ok(State::Refused),
        "taken" => Ok(State::Taken),
        "parked" => Ok(State::Parked),
        "missing" => Ok(State::Missing),
        _ => Err(ApiError::InvalidParameter {
            part: "state",
            rule: "it is one of pending, refused, taken, parked and missing".to_owned(),
        }),
    }
}

/// Users in that state for that reason.
pub(crate) fn troubled(state: Option<State>, reason: Option<String>) -> Result<Troubled, ApiError> {
    if state.is_none() && reason.is_some() {
        return Err(ApiError::InvalidParameter {
            part: "reason",
            rule: "it goes with a state, since it means something else in each".to_owned(),
        });
    }
    Ok(Troubled { state, reason })
}
