//! From what can go wrong in a call to what the caller of the gateway is told.

use contracts::{ErrorCode, InvalidValue, ServiceError};
use runtime::nats::RequestError;

use crate::request::address_required;
use crate::response::ApiError;

/// Why a call has no good answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CallError {
    /// The user service said no.
    Refused(ServiceError),
    /// The request went nowhere; nothing was done.
    NotReached(String),
    /// No answer; the request may have been carried out.
    Silent(String),
    /// An answer that makes no sense; the request may have been carried out.
    Unreadable(String),
}

impl From<RequestError> for CallError {
    fn from(error: RequestError) -> Self {
        match &error {
            RequestError::Disconnected
            | RequestError::NoResponders { .. }
            | RequestError::Forbidden { .. } => Self::NotReached(error.to_string()),
            RequestError::TimedOut { .. } | RequestError::Other { .. } => Self::Silent(error.to_string()),
            RequestError::Service {
                subject, code, body, ..
            } => match serde_json::from_slice(body) {
                Ok(refusal) => Self::Refused(refusal),
                Err(_) => Self::Unreadable(format!("subject {subject:?} answered an unknown error, {code}")),
            },
        }
    }
}

/// The parser's message may quote the answer, so only the place is kept.
pub(super) fn unreadable(subject: &str, error: &serde_json::Error) -> CallError {
    let (line, column, kind) = (error.line(), error.column(), error.classify());
    CallError::Unreadable(format!(
        "answer of {subject:?}: {kind:?} at line {line} column {column}"
    ))
}

impl CallError {
    pub(super) fn is_expired(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.code == ErrorCode::Expired)
    }

    /// After a first try without an answer, only a decision about the change itself tells what became of it; that
    /// the second try did nothing says nothing about the first.
    pub(super) fn after_silence(self) -> Self {
        let is_decision = matches!(&self, Self::Refused(refusal) if is_decision(refusal.code));
        if is_decision {
            self
        } else {
            Self::Silent("no answer to the first try, none of use to the second".to_owned())
        }
    }

    /// For a call that changes something.
    pub(super) fn of_a_change(self) -> ApiError {
        match self {
            Self::Refused(refusal) => refused_change(refusal),
            Self::NotReached(cause) => ApiError::Unavailable { cause },
            Self::Silent(cause) => ApiError::OutcomeUnknown { cause },
            Self::Unreadable(cause) => ApiError::BadAnswer { cause },
        }
    }

    /// For a call that changes nothing.
    pub(super) fn of_a_question(self) -> ApiError {
        match self {
            Self::Refused(ServiceError {
                code: ErrorCode::OutcomeUnknown,
                message,
                ..
            })
            | Self::Silent(message) => ApiError::NoAnswer { cause: message },
            Self::Refused(ServiceError {
                code: ErrorCode::InvalidRequest,
                message,
                ..
            }) => ApiError::InvalidParameter {
                part: "the request",
                rule: message,
            },
            other => other.of_a_change(),
        }
    }

    /// For a comparison with HubSpot, which the hubspot service makes.
    pub(super) fn of_a_comparison(self) -> ApiError {
        match self {
            Self::Refused(ServiceError {
                code: ErrorCode::Unavailable | ErrorCode::Expired,
                message,
                ..
            }) => not_comparing(message),
            Self::NotReached(_) => not_comparing(
                "no worker has the line to HubSpot; start a hubspot service, or look at its /readyz",
            ),
            Self::Silent(_) => {
                not_comparing("the worker that has the line did not answer in time; ask again")
            }
            other => other.of_a_change(),
        }
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
        | ErrorCode::NoAccount
        | ErrorCode::ContactHeld => true,
        ErrorCode::Expired
        | ErrorCode::Unavailable
        | ErrorCode::OutcomeUnknown
        | ErrorCode::StaleEpoch
        | ErrorCode::Internal => false,
    }
}

fn refused_change(refusal: ServiceError) -> ApiError {
    let ServiceError {
        code,
        message,
        current_version,
        invalid_values: faults,
    } = refusal;
    match code {
        ErrorCode::InvalidRequest if faults.is_empty() => ApiError::InvalidBody(vec![InvalidValue {
            pointer: String::new(),
            detail: message,
        }]),
        ErrorCode::InvalidRequest => ApiError::InvalidBody(faults),
        ErrorCode::UserNotFound => ApiError::NotFound(message),
        ErrorCode::EmailRequired => ApiError::EmailRequired(address_required()),
        ErrorCode::VersionMismatch => ApiError::VersionMismatch {
            current: current_version,
        },
        ErrorCode::KeyReused => ApiError::KeyReused,
        ErrorCode::NoAccount => ApiError::NoAccount(message),
        ErrorCode::ContactHeld => ApiError::ContactHeld(message),
        ErrorCode::Expired => ApiError::Expired,
        ErrorCode::Unavailable => ApiError::Unavailable { cause: message },
        ErrorCode::OutcomeUnknown => ApiError::OutcomeUnknown { cause: message },
        ErrorCode::StaleEpoch => ApiError::BadAnswer {
            cause: format!("an answer not meant for us: {message}"),
        },
        ErrorCode::Internal => ApiError::Internal {
            cause: format!("user service: {message}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: ErrorCode) -> CallError {
        CallError::Refused(ServiceError::new(code, "because"))
    }

    #[test]
    fn after_a_silent_try_only_a_decision_counts() {
        for code in [
            ErrorCode::KeyReused,
            ErrorCode::VersionMismatch,
            ErrorCode::EmailRequired,
        ] {
            assert_eq!(refused(code).after_silence(), refused(code));
        }
        let not_reached = CallError::NotReached("x".to_owned());
        let unreadable = CallError::Unreadable("x".to_owned());
        let refusals = [ErrorCode::Expired, ErrorCode::Unavailable, ErrorCode::Internal].map(refused);
        for error in refusals.into_iter().chain([not_reached, unreadable]) {
            assert!(matches!(error.after_silence(), CallError::Silent(_)));
        }
    }

    #[test]
    fn silence_is_an_unknown_outcome_only_for_a_change() {
        let silent = || CallError::Silent("x".to_owned());
        assert_eq!(silent().of_a_change().kind().slug, "outcome-unknown");
        assert_eq!(silent().of_a_question().kind().slug, "no-answer");
    }

    #[test]
    fn a_comparison_that_is_not_made_says_why_and_changed_nothing_that_would_have_to_be_known() {
        let not_now = refused(ErrorCode::Unavailable).of_a_comparison();
        assert_eq!(
            (not_now.kind().slug, not_now.kind().status.as_u16()),
            ("not-comparing", 503)
        );
        assert!(not_now.to_string().contains("because"), "{not_now}");
        for error in [
            CallError::NotReached("x".to_owned()),
            CallError::Silent("x".to_owned()),
        ] {
            assert_eq!(error.of_a_comparison().kind().slug, "not-comparing");
        }
        assert_eq!(
            refused(ErrorCode::InvalidRequest).of_a_comparison().kind().slug,
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
            (ErrorCode::Expired, 503),
            (ErrorCode::Unavailable, 503),
            (ErrorCode::OutcomeUnknown, 504),
            (ErrorCode::StaleEpoch, 502),
            (ErrorCode::NoAccount, 409),
            (ErrorCode::ContactHeld, 409),
            (ErrorCode::Internal, 500),
        ] {
            assert_eq!(refused(code).of_a_change().kind().status, status, "{code:?}");
        }
    }
}
