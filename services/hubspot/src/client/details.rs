//! Reads details from the body of an error: the reason, the record that has the value, missing scopes, the rate limit.

use contracts::Reason;
use serde_json::Value;

use super::body::{context, list, text};
use crate::engine::RateLimit;

/// A longer message is cut to this length, in characters.
const MAX_MESSAGE_CHARS: usize = 500;
/// A longer code, category or id is cut to this length, so that a report of results fits into a NATS message.
const MAX_WORD_CHARS: usize = 100;

/// The reason in HubSpot's words. Its code is the most specific one in the body, or made from the status if there is none.
pub(super) fn reason(error: &Value, status: Option<u16>, correlation_id: Option<String>) -> Reason {
    let inner = list(error, "errors").first();
    let code = inner
        .and_then(|inner| text(inner, "code"))
        .or_else(|| text(error, "policyName"))
        .or_else(|| text(error, "category"))
        .unwrap_or_else(|| status.map_or_else(|| "UNKNOWN".to_owned(), |status| format!("HTTP_{status}")));
    let message = text(error, "message").unwrap_or_else(|| "HubSpot gave no reason".to_owned());
    Reason {
        code: word(code),
        category: text(error, "category").map(word),
        message: shortened(&message),
        status,
        correlation_id: text(error, "correlationId").or(correlation_id).map(word),
    }
}

/// Cuts a code, category or id to the longest allowed length.
pub(super) fn word(text: String) -> String {
    match text.char_indices().nth(MAX_WORD_CHARS) {
        Some((end, _)) => text[..end].to_owned(),
        None => text,
    }
}

pub(super) fn shortened(message: &str) -> String {
    message.chars().take(MAX_MESSAGE_CHARS).collect()
}

/// The id of the record that already has a unique value, if the error's context names it. The message may name it too, but
/// it is not read: it may be in any language and may quote the value. Without a context, the engine looks the address up.
pub(super) fn existing_id(error: &Value) -> Option<String> {
    let nested = list(error, "errors");
    std::iter::once(error)
        .chain(nested)
        .find_map(|error| context(error, "existingId").pop())
}

/// Whether a 403 is about scopes.
pub(super) fn lacks_scopes(error: &Value) -> bool {
    let names = ["requiredGranularScopes", "requiredScopes"];
    let by_context = list(error, "errors")
        .iter()
        .chain(std::iter::once(error))
        .any(|error| names.iter().any(|name| !context(error, name).is_empty()));
    by_context || text(error, "category").as_deref() == Some("MISSING_SCOPES")
}

/// The limit that a 429 reports. It is the daily limit if the policy says so. Without a policy, it is the daily limit if
/// no call is left today according to the headers, or if the message says "daily" (the message may be in any language).
/// Otherwise it is the window's limit; a limit per second counts as one.
pub(super) fn rate_limit(error: &Value, day_is_used_up: bool) -> RateLimit {
    let name = text(error, "policyName").unwrap_or_default().to_uppercase();
    let message = text(error, "message").unwrap_or_default().to_lowercase();
    if name == "DAILY" || (name.is_empty() && (day_is_used_up || message.contains("daily"))) {
        RateLimit::Day
    } else {
        RateLimit::Window
    }
}
