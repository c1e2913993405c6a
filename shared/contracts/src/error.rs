//! Errors of the services, with stable codes.

use serde::{Deserialize, Serialize};

/// Why a service rejected a request. The code is stable; the message is for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The request is malformed or a value breaks its rule; nothing changed.
    InvalidRequest,
    /// The user does not exist.
    UserNotFound,
    /// The user does not exist yet, and a new one needs an address.
    EmailRequired,
    /// The stored version differs from `if_match`.
    VersionMismatch,
    /// The idempotency key was used for a change with other fields.
    KeyReused,
    /// The user has as many idempotency keys as it may have. Nothing changed; without a key the change is accepted.
    TooManyKeys,
    /// The caller stopped waiting before the request was begun; nothing changed.
    Expired,
    /// The service cannot do it at the moment. Nothing changed; try again.
    Unavailable,
    /// The change may have been accepted: the connection to the database was lost in its commit, or this is a second try and the
    /// first one may have been forgotten.
    OutcomeUnknown,
    /// The epoch is not the current one: the lease has passed to another worker.
    StaleEpoch,
    /// No HubSpot account is known yet, and a link belongs to one; nothing changed.
    NoAccount,
    /// Another user is linked to that contact; nothing changed.
    ContactHeld,
    /// A defect of ours; nothing changed.
    Internal,
    /// A code that a later version may send.
    #[serde(other)]
    Unknown,
}

impl ErrorCode {
    /// The number in the framework's `Nats-Service-Error-Code` header, after the HTTP status it resembles.
    pub const fn number(self) -> u16 {
        match self {
            Self::InvalidRequest | Self::EmailRequired => 400,
            Self::UserNotFound => 404,
            Self::Expired => 408,
            Self::StaleEpoch | Self::NoAccount | Self::ContactHeld => 409,
            Self::VersionMismatch => 412,
            Self::KeyReused => 422,
            Self::TooManyKeys => 429,
            Self::Internal | Self::Unknown => 500,
            Self::Unavailable => 503,
            Self::OutcomeUnknown => 504,
        }
    }
}

/// An error in place of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[error("{message}")]
pub struct ServiceError {
    /// The stable code.
    pub code: ErrorCode,
    /// What went wrong and how to fix it, for people. It has no personal data.
    pub message: String,
    /// For [`ErrorCode::VersionMismatch`]: the stored version; 0 if the user does not exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_version: Option<u64>,
    /// For [`ErrorCode::TooManyKeys`]: in how many milliseconds the oldest key expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// For [`ErrorCode::InvalidRequest`]: every invalid value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invalid_values: Vec<InvalidValue>,
}

impl ServiceError {
    /// An error with this code.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            current_version: None,
            retry_after_ms: None,
            invalid_values: Vec::new(),
        }
    }
}

/// An error in a value of a request, as RFC 9457 problem documents list them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct InvalidValue {
    /// The JSON pointer (RFC 6901) to the invalid member; empty for the whole body.
    pub pointer: String,
    /// What is wrong, and what would be valid.
    pub detail: String,
}
