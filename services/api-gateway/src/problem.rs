//! Everything that can keep a request from succeeding, and what the caller is told: one enum, one match.

mod document;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use contracts::InvalidValue;

pub(crate) use document::into_document;

/// Why a request did not succeed. The message is the `detail` of the problem document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ApiError {
    /// A part of the request other than its body breaks a rule.
    #[error("{part} cannot be used: {rule}")]
    InvalidParameter {
        /// Which part: `userId`, a header, a query parameter.
        part: &'static str,
        /// The rule.
        rule: String,
    },
    /// The body is not JSON.
    #[error("the body is not valid JSON: {0}")]
    MalformedBody(String),
    /// The body is JSON that does not say a valid change.
    #[error("the body breaks {} rule(s); nothing was changed", .0.len())]
    InvalidBody(Vec<InvalidValue>),
    /// The user does not exist yet, and creating it takes an address.
    #[error("this user does not exist yet, and the first change has to give an address")]
    EmailRequired(InvalidValue),
    /// The request was meant for another name, which may be that of a page that wants to get in.
    #[error(
        "this gateway is not known under the name that was asked for; API_GATEWAY_HOSTS tells it its names"
    )]
    UnknownHost,
    /// A page of another site had it sent.
    #[error("a page of another site had this sent; nothing was done")]
    ForeignOrigin,
    /// No route leads there.
    #[error("there is nothing at this path")]
    NoSuchPath,
    /// There is no such user, or no such version of it.
    #[error("{0}")]
    NotFound(String),
    /// The path is known, the method is not.
    #[error("this path does not take this method; see the Allow header")]
    MethodNotAllowed,
    /// The body did not arrive in time.
    #[error("the body did not arrive in time; nothing was changed")]
    BodyTimedOut,
    /// The body broke off.
    #[error("the body broke off before its end; nothing was changed")]
    BodyBrokeOff,
    /// The version the caller knows is not the stored one.
    #[error("{}", version_mismatch(*.current))]
    VersionMismatch {
        /// The stored version; 0 where there is no such user, absent where it is not known.
        current: Option<u64>,
    },
    /// The body is too long.
    #[error("the body is longer than {limit} bytes; nothing was changed")]
    BodyTooLarge {
        /// The most bytes a body may have.
        limit: usize,
    },
    /// The body is in a form we do not read.
    #[error("{0}")]
    UnsupportedMediaType(String),
    /// The idempotency key belongs to another change.
    #[error("this Idempotency-Key was used for another change; nothing was changed")]
    KeyReused,
    /// No HubSpot account is known to which a link could belong.
    #[error("{0}")]
    NoAccount(String),
    /// Another user is linked to that contact.
    #[error("{0}")]
    ContactHeld(String),
    /// We did something wrong.
    #[error("this is a defect on our side; the request id leads to it in the logs")]
    Internal {
        /// For the log.
        cause: String,
    },
    /// The user service answered something we cannot read.
    #[error("the user service gave an answer that cannot be read; send a change again to be sure of it")]
    BadAnswer {
        /// For the log.
        cause: String,
    },
    /// As many requests as we take are in work.
    #[error("too many requests are in work at the moment; nothing was done")]
    Overloaded,
    /// The user service cannot be reached, or cannot accept anything.
    #[error("the user service cannot be reached or cannot accept changes now; nothing was done")]
    Unavailable {
        /// For the log.
        cause: String,
    },
    /// Nobody compares users with their contacts at the moment.
    #[error("users cannot be compared with their contacts now: {why}")]
    NotComparing {
        /// Why, and how that mends.
        why: String,
    },
    /// The request lay too long before it was worked on.
    #[error("the request waited for longer than its deadline and was not worked on; nothing was done")]
    Expired,
    /// A change was sent and nothing is known of it.
    #[error("no answer in time: the change may have been accepted; PATCH may be sent again without harm")]
    OutcomeUnknown {
        /// For the log.
        cause: String,
    },
    /// A question was sent and nobody answered.
    #[error("no answer in time; ask again")]
    NoAnswer {
        /// For the log.
        cause: String,
    },
}

fn version_mismatch(current: Option<u64>) -> String {
    match current {
        None => "the entity tag in If-Match is not the current one; nothing was changed".to_owned(),
        Some(0) => "If-Match names a version, but there is no such user; nothing was changed".to_owned(),
        Some(current) => format!("the user is at version {current} by now; nothing was changed"),
    }
}

/// How an error shows in HTTP.
pub(crate) struct Kind {
    /// The status.
    pub(crate) status: StatusCode,
    /// The stable end of the type URN.
    pub(crate) slug: &'static str,
    /// The same for every occurrence.
    pub(crate) title: &'static str,
}

impl ApiError {
    /// Status, type and title. The slugs are a promise to callers.
    #[rustfmt::skip] // A table reads best with one line for each entry.
    pub(crate) fn kind(&self) -> Kind {
        use StatusCode as S;
        let (status, slug, title) = match self {
            Self::InvalidParameter { .. } => (S::BAD_REQUEST, "invalid-parameter", "A part of the request is invalid"),
            Self::MalformedBody(_) => (S::BAD_REQUEST, "malformed-body", "The body is not valid JSON"),
            Self::InvalidBody(_) => (S::BAD_REQUEST, "invalid-body", "The body is not a valid change"),
            Self::EmailRequired(_) => (S::BAD_REQUEST, "email-required", "A new user needs an address"),
            Self::BodyBrokeOff => (S::BAD_REQUEST, "incomplete-body", "The body broke off"),
            Self::ForeignOrigin => (S::FORBIDDEN, "foreign-origin", "Asked by a page of another site"),
            Self::UnknownHost => (S::MISDIRECTED_REQUEST, "unknown-host", "Asked for under an unknown name"),
            Self::NoSuchPath => (S::NOT_FOUND, "no-such-path", "There is nothing at this path"),
            Self::NotFound(_) => (S::NOT_FOUND, "not-found", "Not found"),
            Self::MethodNotAllowed => (S::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed"),
            Self::BodyTimedOut => (S::REQUEST_TIMEOUT, "body-timed-out", "The body did not arrive in time"),
            Self::VersionMismatch { .. } => (S::PRECONDITION_FAILED, "version-mismatch", "The version has moved on"),
            Self::BodyTooLarge { .. } => (S::PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large"),
            Self::UnsupportedMediaType(_) =>
                (S::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The body is in a form that is not supported"),
            Self::KeyReused => (S::UNPROCESSABLE_ENTITY, "idempotency-key-reused", "The idempotency key was used before"),
            Self::NoAccount(_) => (S::CONFLICT, "no-account", "No HubSpot account is known yet"),
            Self::ContactHeld(_) => (S::CONFLICT, "contact-held", "Another user is linked to that contact"),
            Self::Internal { .. } => (S::INTERNAL_SERVER_ERROR, "internal", "Internal error"),
            Self::BadAnswer { .. } => (S::BAD_GATEWAY, "bad-answer", "An unreadable answer"),
            Self::Overloaded => (S::SERVICE_UNAVAILABLE, "overloaded", "Too many requests in work"),
            Self::Unavailable { .. } => (S::SERVICE_UNAVAILABLE, "unavailable", "Temporarily unavailable"),
            Self::NotComparing { .. } => (S::SERVICE_UNAVAILABLE, "not-comparing", "No comparison now"),
            Self::Expired => (S::SERVICE_UNAVAILABLE, "expired", "The deadline passed before the work began"),
            Self::OutcomeUnknown { .. } => (S::GATEWAY_TIMEOUT, "outcome-unknown", "The outcome is unknown"),
            Self::NoAnswer { .. } => (S::GATEWAY_TIMEOUT, "no-answer", "No answer in time"),
        };
        Kind { status, slug, title }
    }

    /// What went wrong behind the scenes; for the log only.
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

    /// For one that ends work of which a part is done and answered for, so that it never becomes an answer itself.
    pub(crate) fn log_broken_off(&self, request_id: &str) {
        tracing::warn!(
            request.id = request_id,
            problem = self.kind().slug,
            cause = self.cause().unwrap_or("none"),
            "a request was done in part: {self}"
        );
    }
}

/// The error travels as an extension; the outermost layer, which knows the request's id, writes the document.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.kind().status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
