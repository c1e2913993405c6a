//! What an error's body says: a reason, the record in the way, the scopes that lack, the limit that was met.

use contracts::Reason;
use serde_json::Value;

use super::body::{context, list, text};
use crate::engine::RateLimit;

/// The longest message that is kept, in characters.
const LONGEST_MESSAGE: usize = 500;
/// The longest code, category or id that is kept, so that verdicts fit into a message.
const LONGEST_WORD: usize = 100;

/// A reason in HubSpot's words. `code` is the body's most telling one, or stands for the status.
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

/// A code, category or id, no longer than any that HubSpot is known to give.
pub(super) fn word(text: String) -> String {
    match text.char_indices().nth(LONGEST_WORD) {
        Some((end, _)) => text[..end].to_owned(),
        None => text,
    }
}

pub(super) fn shortened(message: &str) -> String {
    message.chars().take(LONGEST_MESSAGE).collect()
}

/// The record that holds a unique value, where the context names it. Messages name it too, but in words that may be in any
/// language and may quote the value: without a context, who has the address is looked up by the address.
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

/// The limit that a 429 is about: by its policy, or by what the headers say is left of the day, or by its message, which
/// may be in any language. Every other 429 is about the window, also one for a limit by the second.
pub(super) fn rate_limit(error: &Value, day_is_used_up: bool) -> RateLimit {
    let name = text(error, "policyName").unwrap_or_default().to_uppercase();
    let message = text(error, "message").unwrap_or_default().to_lowercase();
    if name == "DAILY" || (name.is_empty() && (day_is_used_up || message.contains("daily"))) {
        RateLimit::Day
    } else {
        RateLimit::Window
    }
}
