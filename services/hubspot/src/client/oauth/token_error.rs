//! Why no access token was issued. The kind is found by the members `status` and `error`, never by the wording.

use std::time::Duration;

use contracts::Reason;
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::{
    client::{
        body::{object, text},
        details::word,
        headers::{correlation_id, retry_after},
    },
    engine::{CallError, CallErrorKind},
};

/// Codes that mean that the app was uninstalled or its refresh token revoked. A person has to connect it again.
const DISCONNECTED: [&str; 4] = ["BAD_REFRESH_TOKEN", "BAD_HUB", "INVALID_GRANT", "ACCESS_DENIED"];
/// Codes that mean that the settings are wrong. The connection may be fine.
const MISCONFIGURED: [&str; 7] = [
    "BAD_CLIENT_ID",
    "BAD_CLIENT_SECRET",
    "BAD_GRANT_TYPE",
    "BAD_REDIRECT_URI",
    "INVALID_CLIENT",
    "UNAUTHORIZED_CLIENT",
    "UNSUPPORTED_GRANT_TYPE",
];
/// A longer text is not taken for a code.
const MAX_CODE_LENGTH: usize = 64;

/// No access token was issued.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TokenError {
    pub(super) call_error: CallError,
    /// The time to wait according to `Retry-After`.
    pub(super) retry_after: Option<Duration>,
}

impl TokenError {
    /// Makes the error from a response that is not a success. HubSpot's message is left out, because it may quote a secret.
    pub(super) fn from_response(status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        let error = object(body).unwrap_or_default();
        let codes = || {
            ["status", "error"]
                .into_iter()
                .filter_map(|name| code(&error, name))
        };
        let kind = match status {
            // A rate limit or a failure of the endpoint. The body is ignored, because it says nothing about the app.
            429 | 500.. => CallErrorKind::NoToken,
            _ => codes()
                .find_map(|code| meaning(&code))
                .unwrap_or(CallErrorKind::NoToken),
        };
        let category = code(&error, "category");
        let code = codes()
            // HubSpot's ordinary errors have the text "error" as their `status`, which is no code.
            .find(|code| code != "ERROR")
            .or_else(|| code(&error, "policyName"))
            .or_else(|| category.clone())
            .unwrap_or_else(|| format!("HTTP_{status}"));
        let reason = Reason {
            code,
            category,
            message: format!("HubSpot's token endpoint answered {status}"),
            status: Some(status),
            correlation_id: text(&error, "correlationId")
                .or_else(|| correlation_id(headers))
                .map(word),
        };
        Self {
            call_error: CallError { kind, reason },
            retry_after: retry_after(headers),
        }
    }

    /// Makes the error if there is no response, or none that can be used.
    pub(super) fn without_response(kind: CallErrorKind, code: &str, message: &str) -> Self {
        let reason = Reason::ours(code, message);
        Self {
            call_error: CallError { kind, reason },
            retry_after: None,
        }
    }

    /// Whether the error may pass without anybody acting.
    pub(super) fn is_temporary(&self) -> bool {
        matches!(
            self.call_error.kind,
            CallErrorKind::NoToken | CallErrorKind::Unreachable
        )
    }
}

fn meaning(code: &str) -> Option<CallErrorKind> {
    if DISCONNECTED.contains(&code) {
        Some(CallErrorKind::Disconnected)
    } else if MISCONFIGURED.contains(&code) {
        Some(CallErrorKind::Misconfigured)
    } else {
        None
    }
}

/// The member of that name in capitals, if it looks like a code.
fn code(error: &Value, name: &str) -> Option<String> {
    let text = text(error, name)?;
    let is_code = text.len() <= MAX_CODE_LENGTH
        && text
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || character == '_');
    (is_code && !text.is_empty()).then(|| text.to_uppercase())
}

#[cfg(test)]
mod tests;
