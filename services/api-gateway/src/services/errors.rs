//! Turns errors of calls into errors for the caller of the gateway.

use std::time::Duration;

use contracts::{ErrorCode, InvalidValue, ServiceError};
use runtime::nats::CallError;

use crate::request::address_required;
use crate::response::ApiError;

/// When a caller may try again if the user service does not say when a key expires.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_mins(1);

/// The error after a first try without an answer. Only a decision about the request itself counts. Any other error of the second
/// try says nothing about the first one, which may have been carried out.
pub(super) fn after_unanswered_try(error: CallError) -> CallError {
    match &error {
        CallError::Rejected { error: rejection, .. } if is_decision(rejection.code) => error,
        _ => CallError::NoAnswer(
            "no answer to the first try, and no decision in answer to the second".to_owned(),
        ),
    }
}

/// The error of a call that changes something.
pub(super) fn change_error(error: CallError) -> ApiError {
    match error {
        CallError::Rejected { error, .. } => rejected_change(error),
        CallError::NotReceived(cause) => ApiError::Unavailable { cause },
        CallError::NoAnswer(cause) => ApiError::OutcomeUnknown { cause },
        CallError::Unreadable(cause) => ApiError::BadAnswer { cause },
    }
}

/// The error of a call that changes nothing.
pub(super) fn read_error(error: CallError) -> ApiError {
    match error {
        CallError::NoAnswer(cause) => ApiError::NoAnswer { cause },
        CallError::Rejected { error, .. } if error.code == ErrorCode::OutcomeUnknown => {
            ApiError::NoAnswer { cause: error.message }
        }
        CallError::Rejected { error, .. } if error.code == ErrorCode::InvalidRequest => {
            ApiError::InvalidParameter {
                part: "the request",
                rule: error.message,
            }
        }
        other => change_error(other),
    }
}

/// The error of a comparison, which the hubspot service makes.
pub(super) fn comparison_error(error: CallError) -> ApiError {
    match error {
        CallError::Rejected { error, .. }
            if matches!(error.code, ErrorCode::Unavailable | ErrorCode::Expired) =>
        {
            not_comparing(error.message)
        }
        CallError::NotReceived(_) => {
            not_comparing("no worker delivers to HubSpot; start a hubspot service, or look at its /readyz")
        }
        CallError::NoAnswer(_) => not_comparing("the worker that delivers did not answer in time; try again"),
        other => change_error(other),
    }
}

fn not_comparing(why: impl Into<String>) -> ApiError {
    ApiError::NotComparing { why: why.into() }
}

fn is_decision(code: ErrorCode) -> bool {
    match code {
        ErrorCode::InvalidRequest
        | ErrorCode::UserNotFound
        | ErrorCode::EmailRequired
        | ErrorCode::VersionMismatch
        | ErrorCode::KeyReused
        | ErrorCode::TooManyKeys
        | ErrorCode::NoAccount
        | ErrorCode::ContactHeld => true,
        ErrorCode::Expired
        | ErrorCode::Unavailable
        | ErrorCode::OutcomeUnknown
        | ErrorCode::StaleEpoch
        | ErrorCode::Internal
        | ErrorCode::Unknown => false,
    }
}

fn rejected_change(error: ServiceError) -> ApiError {
    let ServiceError {
        code,
        message,
        current_version,
        retry_after_ms,
        invalid_values,
    } = error;
    match code {
        ErrorCode::InvalidRequest if invalid_values.is_empty() => ApiError::InvalidBody(vec![InvalidValue {
            pointer: String::new(),
            detail: message,
        }]),
        ErrorCode::InvalidRequest => ApiError::InvalidBody(invalid_values),
        ErrorCode::UserNotFound => ApiError::NotFound(message),
        ErrorCode::EmailRequired => ApiError::EmailRequired(address_required()),
        ErrorCode::VersionMismatch => ApiError::VersionMismatch {
            current: current_version,
        },
        ErrorCode::KeyReused => ApiError::KeyReused,
        ErrorCode::TooManyKeys => ApiError::TooManyKeys {
            retry_after: retry_after_ms.map_or(DEFAULT_RETRY_AFTER, Duration::from_millis),
        },
        ErrorCode::NoAccount => ApiError::NoAccount(message),
        ErrorCode::ContactHeld => ApiError::ContactHeld(message),
        ErrorCode::Expired => ApiError::Expired,
        ErrorCode::Unavailable => ApiError::Unavailable { cause: message },
        ErrorCode::OutcomeUnknown => ApiError::OutcomeUnknown { cause: message },
        ErrorCode::StaleEpoch => ApiError::BadAnswer {
            cause: format!("an answer not meant for us: {message}"),
        },
        // A later version of a service has an error that this gateway does not know.
        ErrorCode::Unknown => ApiError::BadAnswer { cause: message },
        ErrorCode::Internal => ApiError::Internal {
            cause: format!("user service: {message}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(code: ErrorCode) -> CallError {
        CallError::Rejected {
            subject: "users.update",
            error: ServiceError::new(code, "because"),
        }
    }

    #[test]
    fn after_a_silent_try_only_a_decision_counts() {
        for code in [
            ErrorCode::KeyReused,
            ErrorCode::TooManyKeys,
            ErrorCode::VersionMismatch,
            ErrorCode::EmailRequired,
        ] {
            assert_eq!(after_unanswered_try(rejected(code)), rejected(code));
        }
        let not_reached = CallError::NotReceived("x".to_owned());
        let unreadable = CallError::Unreadable("x".to_owned());
        let refusals = [ErrorCode::Expired, ErrorCode::Unavailable, ErrorCode::Internal].map(rejected);
        for error in refusals.into_iter().chain([not_reached, unreadable]) {
            assert!(matches!(after_unanswered_try(error), CallError::NoAnswer(_)));
        }
    }

    #[test]
    fn silence_is_an_unknown_outcome_only_for_a_change() {
        let silent = || CallError::NoAnswer("x".to_owned());
        assert_eq!(change_error(silent()).kind().slug, "outcome-unknown");
        assert_eq!(read_error(silent()).kind().slug, "no-answer");
    }

    #[test]
    fn a_comparison_that_is_not_made_says_why_and_changed_nothing_that_would_have_to_be_known() {
        let not_now = comparison_error(rejected(ErrorCode::Unavailable));
        assert_eq!(
            (not_now.kind().slug, not_now.kind().status.as_u16()),
            ("not-comparing", 503)
        );
        assert!(not_now.to_string().contains("because"), "{not_now}");
        for error in [
            CallError::NotReceived("x".to_owned()),
            CallError::NoAnswer("x".to_owned()),
        ] {
            assert_eq!(comparison_error(error).kind().slug, "not-comparing");
        }
        assert_eq!(
            comparison_error(rejected(ErrorCode::InvalidRequest)).kind().slug,
            "invalid-body"
        );
    }

    #[test]
    fn each_code_of_the_user_service_has_its_status() {
        for (code, status) in [
            (ErrorCode::InvalidRequest, 400),
            (ErrorCode::UserNotFound, 404),
            (ErrorCode::EmailRequired, 400),
            (ErrorCode::VersionMismatch, 412),
            (ErrorCode::KeyReused, 422),
            (ErrorCode::TooManyKeys, 429),
            (ErrorCode::Expired, 503),
            (ErrorCode::Unavailable, 503),
            (ErrorCode::OutcomeUnknown, 504),
            (ErrorCode::StaleEpoch, 502),
            (ErrorCode::NoAccount, 409),
            (ErrorCode::ContactHeld, 409),
            (ErrorCode::Internal, 500),
        ] {
            assert_eq!(change_error(rejected(code)).kind().status, status, "{code:?}");
        }
    }
}
