//! Why no access token was issued: told apart by the members `status` and `error`, never by wording.

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

/// The app was uninstalled, or its refresh token revoked: a person must connect it again.
const DISCONNECTED: [&str; 4] = ["BAD_REFRESH_TOKEN", "BAD_HUB", "INVALID_GRANT", "ACCESS_DENIED"];
/// The settings are wrong, which says nothing of the connection.
const MISCONFIGURED: [&str; 7] = [
    "BAD_CLIENT_ID",
    "BAD_CLIENT_SECRET",
    "BAD_GRANT_TYPE",
    "BAD_REDIRECT_URI",
    "INVALID_CLIENT",
    "UNAUTHORIZED_CLIENT",
    "UNSUPPORTED_GRANT_TYPE",
];
/// The longest text that is taken for a code.
const LONGEST_CODE: usize = 64;

/// No access token was issued.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) problem: CallError,
    /// The wait that HubSpot asks for.
    pub(super) retry_after: Option<Duration>,
}

impl Refusal {
    /// From an answer that is not a success. HubSpot's own message is left out, for it may quote a secret.
    pub(super) fn from_answer(status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        let error = object(body).unwrap_or_default();
        let codes = || {
            ["status", "error"]
                .into_iter()
                .filter_map(|name| code(&error, name))
        };
        let kind = match status {
            // A limit, or an endpoint that is unwell, whatever the body says.
            429 | 500.. => CallErrorKind::NoToken,
            _ => codes()
                .find_map(|code| meaning(&code))
                .unwrap_or(CallErrorKind::NoToken),
        };
        let category = code(&error, "category");
        let code = codes()
            // The status of HubSpot's usual errors is the word "error".
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
            problem: CallError { kind, reason },
            retry_after: retry_after(headers),
        }
    }

    /// From no answer, or none that can be used.
    pub(super) fn without_answer(kind: CallErrorKind, code: &str, message: &str) -> Self {
        let reason = Reason::ours(code, message);
        Self {
            problem: CallError { kind, reason },
            retry_after: None,
        }
    }

    /// Whether time alone may mend it.
    pub(super) fn may_pass(&self) -> bool {
        matches!(
            self.problem.kind,
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

/// A member that looks like a code, in capitals.
fn code(error: &Value, name: &str) -> Option<String> {
    let text = text(error, name)?;
    let is_code = text.len() <= LONGEST_CODE
        && text
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || character == '_');
    (is_code && !text.is_empty()).then(|| text.to_uppercase())
}

#[cfg(test)]
mod tests;
