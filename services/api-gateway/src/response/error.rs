//! Every error that a caller can get: one enum, and one match that gives each its status, type and title.

use std::time::Duration;

use aide::OperationOutput;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use contracts::InvalidValue;

/// Why a request failed. The message becomes the `detail` of the problem document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ApiError {
    /// A part of the request other than its body breaks a rule.
    #[error("{part} is not valid: {rule}")]
    InvalidParameter {
        /// The part: `userId`, a header or a query parameter.
        part: &'static str,
        /// The rule that it breaks.
        rule: String,
    },
    /// The body is not JSON.
    #[error("the body is not valid JSON: {0}")]
    MalformedBody(String),
    /// The body is JSON, but some of its values break a rule.
    #[error("the body breaks {} rule(s); nothing was changed", .0.len())]
    InvalidBody(Vec<InvalidValue>),
    /// The user does not exist yet, and the change gives no address.
    #[error("this user does not exist yet, so the first change has to give an e-mail address")]
    EmailRequired(InvalidValue),
    /// `Host` names another host, perhaps that of a page that uses DNS rebinding.
    #[error("the gateway does not answer under the requested host name; add the name to API_GATEWAY_HOSTS")]
    UnknownHost,
    /// A page of another site made the browser send the request.
    #[error("a page of another site made the browser send this request; nothing was done")]
    ForeignOrigin,
    /// No route has this path.
    #[error("this path does not exist")]
    NoSuchPath,
    /// The user, or this version of it, does not exist.
    #[error("{0}")]
    NotFound(String),
    /// The path exists, but not with this method.
    #[error("this path does not support this method; see the Allow header")]
    MethodNotAllowed,
    /// The body took too long.
    #[error("the body did not arrive in time; nothing was changed")]
    BodyTimedOut,
    /// The connection ended before the body did.
    #[error("the body ended too early; nothing was changed")]
    IncompleteBody,
    /// `If-Match` names another version than the stored one.
    #[error("{}", version_mismatch(*.current))]
    VersionMismatch {
        /// The stored version; 0 where the user does not exist, `None` where it is not known.
        current: Option<u64>,
    },
    /// The body is too long.
    #[error("the body is longer than {limit} bytes; nothing was changed")]
    BodyTooLarge {
        /// How many bytes a body may have.
        limit: usize,
    },
    /// The body has another media type, charset or encoding than the path supports.
    #[error("{0}")]
    UnsupportedMediaType(String),
    /// The idempotency key was used for another change.
    #[error("this Idempotency-Key was used for another change; nothing was changed")]
    KeyReused,
    /// The user has as many idempotency keys as it may have.
    #[error("this user has as many idempotency keys as it may have; nothing was changed")]
    TooManyKeys {
        /// When the oldest one expires.
        retry_after: Duration,
    },
    /// No HubSpot account is known yet, and a link belongs to one.
    #[error("{0}")]
    NoAccount(String),
    /// Another user is linked to that contact.
    #[error("{0}")]
    ContactHeld(String),
    /// A defect of hubsync.
    #[error("this is a defect in hubsync; search the logs for the request id")]
    Internal {
        /// The cause, for the log only.
        cause: String,
    },
    /// The response of the user service cannot be read.
    #[error("the response of the user service cannot be read; send a change again to make sure of it")]
    BadAnswer {
        /// The cause, for the log only.
        cause: String,
    },
    /// As many requests as allowed are in progress.
    #[error("too many requests are in progress; nothing was done, try again")]
    Overloaded,
    /// The user service cannot be reached or accepts nothing.
    #[error("the user service cannot be reached or accepts no changes at the moment; nothing was done")]
    Unavailable {
        /// The cause, for the log only.
        cause: String,
    },
    /// No user service has named the set of fields yet.
    #[error(
        "the gateway does not know yet which fields a user has, because no user service has named them; nothing was done"
    )]
    FieldsUnknown,
    /// No worker compares users with their contacts at the moment.
    #[error("users cannot be compared with their contacts now: {why}")]
    NotComparing {
        /// The reason and what to do about it.
        why: String,
    },
    /// The deadline passed before the user service started to work on the request.
    #[error("the deadline passed before the user service started on the request; nothing was done")]
    Expired,
    /// The change was sent, but no response came.
    #[error("no response in time: the change may have been accepted; it is safe to send it again")]
    OutcomeUnknown {
        /// The cause, for the log only.
        cause: String,
    },
    /// A request that changes nothing was sent, but no response came.
    #[error("no response in time; send the request again")]
    NoAnswer {
        /// The cause, for the log only.
        cause: String,
    },
}

fn version_mismatch(current: Option<u64>) -> String {
    match current {
        None => "the entity tag in If-Match is not the current one; nothing was changed".to_owned(),
        Some(0) => "If-Match names a version, but the user does not exist; nothing was changed".to_owned(),
        Some(current) => format!("the user is at version {current} now; nothing was changed"),
    }
}

/// The type of a problem, as callers see it.
pub(crate) struct ProblemType {
    /// The HTTP status.
    pub(crate) status: StatusCode,
    /// The end of the type's URN. It never changes.
    pub(crate) slug: &'static str,
    /// A title that is the same for each problem of this type.
    pub(crate) title: &'static str,
}

impl ApiError {
    /// The status, type and title of the problem. Callers rely on the slugs.
    #[rustfmt::skip] // A table reads best with one line for each entry.
    pub(crate) fn kind(&self) -> ProblemType {
        use StatusCode as S;
        let (status, slug, title) = match self {
            Self::InvalidParameter { .. } => (S::BAD_REQUEST, "invalid-parameter", "A part of the request is not valid"),
            Self::MalformedBody(_) => (S::BAD_REQUEST, "malformed-body", "The body is not valid JSON"),
            Self::InvalidBody(_) => (S::BAD_REQUEST, "invalid-body", "The body has invalid values"),
            Self::EmailRequired(_) => (S::BAD_REQUEST, "email-required", "A new user needs an e-mail address"),
            Self::IncompleteBody => (S::BAD_REQUEST, "incomplete-body", "The body ended too early"),
            Self::ForeignOrigin => (S::FORBIDDEN, "foreign-origin", "Sent by a page of another site"),
            Self::UnknownHost => (S::MISDIRECTED_REQUEST, "unknown-host", "Unknown host name"),
            Self::NoSuchPath => (S::NOT_FOUND, "no-such-path", "No such path"),
            Self::NotFound(_) => (S::NOT_FOUND, "not-found", "Not found"),
            Self::MethodNotAllowed => (S::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed"),
            Self::BodyTimedOut => (S::REQUEST_TIMEOUT, "body-timed-out", "The body did not arrive in time"),
            Self::VersionMismatch { .. } => (S::PRECONDITION_FAILED, "version-mismatch", "The user has another version"),
            Self::BodyTooLarge { .. } => (S::PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large"),
            Self::UnsupportedMediaType(_) =>
                (S::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The media type of the body is not supported"),
            Self::KeyReused => (S::UNPROCESSABLE_ENTITY, "idempotency-key-reused", "The idempotency key was used before"),
            Self::TooManyKeys { .. } => (S::TOO_MANY_REQUESTS, "too-many-keys", "Too many idempotency keys"),
            Self::NoAccount(_) => (S::CONFLICT, "no-account", "No HubSpot account is known yet"),
            Self::ContactHeld(_) => (S::CONFLICT, "contact-held", "Another user is linked to that contact"),
            Self::Internal { .. } => (S::INTERNAL_SERVER_ERROR, "internal", "Internal error"),
            Self::BadAnswer { .. } => (S::BAD_GATEWAY, "bad-answer", "Unreadable response of the user service"),
            Self::Overloaded => (S::SERVICE_UNAVAILABLE, "overloaded", "Too many requests in progress"),
            Self::Unavailable { .. } => (S::SERVICE_UNAVAILABLE, "unavailable", "Temporarily unavailable"),
            Self::FieldsUnknown => (S::SERVICE_UNAVAILABLE, "fields-unknown", "The fields of a user are not known yet"),
            Self::NotComparing { .. } => (S::SERVICE_UNAVAILABLE, "not-comparing", "No comparison at the moment"),
            Self::Expired => (S::SERVICE_UNAVAILABLE, "expired", "The deadline passed before the work began"),
            Self::OutcomeUnknown { .. } => (S::GATEWAY_TIMEOUT, "outcome-unknown", "The outcome is unknown"),
            Self::NoAnswer { .. } => (S::GATEWAY_TIMEOUT, "no-answer", "No response in time"),
        };
        ProblemType { status, slug, title }
    }

    /// What a caller can do about the problem.
    pub(crate) fn fix(&self) -> &'static str {
        match self {
            Self::InvalidParameter { .. } => {
                "See `errors`: the user id, a header or a query parameter breaks its rule."
            }
            Self::MalformedBody(_) => "Send JSON in UTF-8.",
            Self::InvalidBody(_) => {
                "See `errors`, which has a JSON pointer for each invalid value. A body is an object, and null is not the same as an absent member."
            }
            Self::EmailRequired(_) => "Give `email` in the first change of a user.",
            Self::IncompleteBody => "Send the whole body.",
            Self::ForeignOrigin => {
                "Use the console or a program. The `Origin` of a browser has to be the `Host`, or listed in `API_GATEWAY_HOSTS` as behind a proxy that does not pass `Host` on."
            }
            Self::UnknownHost => {
                "Use an address or a name without a dot, or add the name to `API_GATEWAY_HOSTS`."
            }
            Self::NoSuchPath => "Look for the path in this document.",
            Self::NotFound(_) => "The user, or this version of it, does not exist.",
            Self::MethodNotAllowed => "See `Allow`.",
            Self::BodyTimedOut => "Nothing was changed. Send the body faster.",
            Self::VersionMismatch { .. } => {
                "Nothing was changed. `currentVersion` is the current version, or 0 where the user does not exist. Read the user, decide again, and send the change with its `ETag`."
            }
            Self::BodyTooLarge { .. } => "Nothing was changed. A body may have 16 KiB, except for an import.",
            Self::UnsupportedMediaType(_) => {
                "Send one of the media types of the operation, in UTF-8 and without an encoding."
            }
            Self::KeyReused => "Nothing was changed. Use a new key for another change.",
            Self::TooManyKeys { .. } => {
                "Nothing was changed. Try again after `Retry-After`, when the oldest key of this user expires, or send the change without a key."
            }
            Self::NoAccount(_) => "Start the hubspot service with a valid token, and try again.",
            Self::ContactHeld(_) => {
                "`detail` names that user: remove its link first, or name another contact."
            }
            Self::Internal { .. } => "This is a defect in hubsync. Search the logs for the request id.",
            Self::BadAnswer { .. } => {
                "A change may have been accepted: send it again to make sure. The log has more."
            }
            Self::Overloaded | Self::Unavailable { .. } | Self::FieldsUnknown | Self::Expired => {
                "Nothing was done. Try again after `Retry-After`."
            }
            Self::NotComparing { .. } => {
                "`detail` says why no worker compares users at the moment, and what to do."
            }
            Self::OutcomeUnknown { .. } => {
                "The request may have been carried out. It is safe to send it again."
            }
            Self::NoAnswer { .. } => "Nothing was changed. Send the request again.",
        }
    }

    /// One example of each error, for the API document.
    pub(crate) fn examples() -> Vec<Self> {
        let value = |pointer: &str, detail: &str| InvalidValue {
            pointer: pointer.to_owned(),
            detail: detail.to_owned(),
        };
        let email = value("/email", "must be an e-mail address such as ada@example.com");
        let user_id = "a user id has 1 to 64 characters of A-Z, a-z, 0-9, _ and -";
        let cause = String::new;
        vec![
            Self::InvalidParameter {
                part: "userId",
                rule: user_id.to_owned(),
            },
            Self::MalformedBody("it is empty".to_owned()),
            Self::InvalidBody(vec![email, value("/firstName", "must be a string, not a number")]),
            Self::EmailRequired(value("/email", "is required for a user that does not exist yet")),
            Self::IncompleteBody,
            Self::ForeignOrigin,
            Self::UnknownHost,
            Self::NoSuchPath,
            Self::NotFound("there is no such user".to_owned()),
            Self::MethodNotAllowed,
            Self::BodyTimedOut,
            Self::NoAccount("no HubSpot account is known yet".to_owned()),
            Self::ContactHeld(
                "user 8 is linked to that contact; unlink that one first, or name another contact".to_owned(),
            ),
            Self::VersionMismatch { current: Some(9) },
            Self::BodyTooLarge { limit: 16 * 1024 },
            Self::UnsupportedMediaType(
                "this media type is not supported; a change is application/json, application/merge-patch+json"
                    .to_owned(),
            ),
            Self::KeyReused,
            Self::TooManyKeys {
                retry_after: Duration::from_hours(1),
            },
            Self::Internal { cause: cause() },
            Self::BadAnswer { cause: cause() },
            Self::Overloaded,
            Self::Unavailable { cause: cause() },
            Self::FieldsUnknown,
            Self::NotComparing {
                why: "no worker delivers; start a hubspot service, or look at its /readyz".to_owned(),
            },
            Self::Expired,
            Self::OutcomeUnknown { cause: cause() },
            Self::NoAnswer { cause: cause() },
        ]
    }

    /// When another try may succeed, for `Retry-After`; none if another try does not help.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyKeys { retry_after } => Some(*retry_after),
            _ if self.kind().status == StatusCode::SERVICE_UNAVAILABLE => Some(Duration::from_secs(1)),
            _ => None,
        }
    }

    /// The internal cause, for the log only.
    pub(crate) fn cause(&self) -> Option<&str> {
        match self {
            Self::Internal { cause }
            | Self::BadAnswer { cause }
            | Self::Unavailable { cause }
            | Self::OutcomeUnknown { cause }
            | Self::NoAnswer { cause } => Some(cause),
            _ => None,
        }
    }

    /// Logs an error after which a request still succeeds in part, so that no layer sees it as a response.
    pub(crate) fn log_partial_success(&self, request_id: &str) {
        tracing::warn!(
            request.id = request_id,
            problem = self.kind().slug,
            cause = self.cause().unwrap_or("none"),
            "a request was done in part: {self}"
        );
    }
}

/// An error has no response of its own in the document: operations list the problems that they can answer.
impl OperationOutput for ApiError {
    type Inner = Self;
}

/// Puts the error into the response as an extension. The outermost layer knows the request id and writes the document.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.kind().status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
