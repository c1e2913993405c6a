//! The last attempts of a user, for receipts. No rule depends on them.

use contracts::{AttemptReceipt, AttemptResult, FieldResult, LastResponse, Reason};
use serde::{Deserialize, Serialize};

use super::{OpenAttempt, Row, UnixMs, link::LinkDecision};

/// At most this many attempts are kept per user.
const MAX_ATTEMPTS: usize = 10;
/// The code of an attempt whose result never came.
pub(super) const GIVEN_UP: &str = "GIVEN_UP";
/// The code of an attempt that was under way when the user's link changed: an operator linked or unlinked it, or another user got the
/// contact.
pub(super) const SUPERSEDED: &str = "SUPERSEDED";
/// The code of an attempt that found no contact.
const CONTACT_NOT_FOUND: &str = "CONTACT_NOT_FOUND";
/// The code of an attempt that only found the user's contact. The next attempt writes.
const CONTACT_FOUND: &str = "CONTACT_FOUND";

/// An attempt that has ended.
///
/// It is stored as an array, because these may be the largest part of a row. A successful attempt takes the least space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastAttempt(
    /// The number of the attempt.
    u64,
    /// The version that it carried.
    u64,
    /// When it was given to a worker.
    UnixMs,
    /// Milliseconds from then to its result.
    UnixMs,
    /// HubSpot's last status; 0 if it did not respond.
    u16,
    #[serde(default, skip_serializing_if = "Option::is_none")] Option<AttemptNote>,
);

/// What is kept of an attempt besides its status and times.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct AttemptNote {
    /// Why not every field was confirmed.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    category: Option<String>,
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    correlation_id: Option<String>,
}

impl PastAttempt {
    /// The version whose state it carried.
    pub(super) fn version(&self) -> u64 {
        self.1
    }

    /// The attempt as a receipt shows it.
    pub(super) fn receipt(&self) -> AttemptReceipt {
        let Self(attempt, version, given_at, duration, status, note) = self;
        let note = note.clone().unwrap_or_default();
        AttemptReceipt {
            attempt: *attempt,
            version: *version,
            at: crate::time::rfc3339(*given_at),
            duration_ms: u64::try_from(*duration).unwrap_or(0),
            status: Some(*status).filter(|status| *status > 0),
            code: note.code,
            category: note.category,
            correlation_id: note.correlation_id,
        }
    }

    fn forget_correlation_id(&mut self) {
        if self.5.as_ref().is_some_and(|note| note.code.is_none()) {
            self.5 = None;
        }
    }
}

/// Keeps an attempt that got its result. `linked` is what was decided about its link.
pub(super) fn remember_attempt(
    row: &mut Row,
    attempt: &OpenAttempt,
    result: &AttemptResult,
    linked: Option<&LinkDecision>,
    now: UnixMs,
) {
    let response = result.last_response.as_ref();
    let status_of_response = response.map(|response| response.status);
    let (status, note) = match main_reason(result, linked) {
        MainReason::Reason(reason) => (reason.status, note_of_reason(reason)),
        MainReason::Code(code) => (status_of_response, note_of_response(Some(code), response)),
        MainReason::Nothing => (status_of_response, note_of_response(None, response)),
    };
    push(row, attempt, status, note, now);
}

/// Keeps an attempt that was given up; `code` says why.
pub(super) fn remember_given_up(row: &mut Row, attempt: &OpenAttempt, code: &str, now: UnixMs) {
    push(row, attempt, None, note_of_response(Some(code), None), now);
}

fn push(row: &mut Row, attempt: &OpenAttempt, status: Option<u16>, note: AttemptNote, now: UnixMs) {
    // To save space: nobody needs the correlation id of a successful attempt once another attempt has followed.
    if let Some(last) = row.history.last_mut() {
        last.forget_correlation_id();
    }
    if row.history.len() == MAX_ATTEMPTS {
        row.history.remove(0);
    }
    row.history.push(PastAttempt(
        row.attempt,
        attempt.version,
        attempt.since,
        now.saturating_sub(attempt.since),
        status.unwrap_or(0),
        Some(note).filter(|note| *note != AttemptNote::default()),
    ));
}

/// Why an attempt did not confirm everything.
enum MainReason<'a> {
    Reason(&'a Reason),
    Code(&'a str),
    Nothing,
}

fn main_reason<'a>(result: &'a AttemptResult, linked: Option<&'a LinkDecision>) -> MainReason<'a> {
    if let Some(failure) = &result.failure {
        return MainReason::Reason(&failure.reason);
    }
    let mut reasons = result.field_results.values().filter_map(|result| match result {
        FieldResult::Rejected { reason }
        | FieldResult::Conflict { reason }
        | FieldResult::Failed { reason, .. } => Some(reason),
        FieldResult::Confirmed(_) | FieldResult::NotFound | FieldResult::Skipped | FieldResult::Unknown => {
            None
        }
    });
    if let Some(reason) = reasons.next() {
        return MainReason::Reason(reason);
    }
    match linked {
        Some(
            LinkDecision::Rejected(reason)
            | LinkDecision::PassedOver(reason)
            | LinkDecision::Outdated(reason)
            | LinkDecision::Lost(reason),
        ) => return MainReason::Code(&reason.code),
        Some(LinkDecision::Accepted | LinkDecision::AlreadyLinked) | None => {}
    }
    if result
        .field_results
        .values()
        .any(|result| *result == FieldResult::NotFound)
    {
        return MainReason::Code(CONTACT_NOT_FOUND);
    }
    if result.field_results.is_empty() && linked.is_some() {
        return MainReason::Code(CONTACT_FOUND);
    }
    MainReason::Nothing
}

fn note_of_reason(reason: &Reason) -> AttemptNote {
    AttemptNote {
        code: Some(reason.code.clone()),
        category: reason.category.clone(),
        correlation_id: reason.correlation_id.clone(),
    }
}

fn note_of_response(code: Option<&str>, response: Option<&LastResponse>) -> AttemptNote {
    AttemptNote {
        code: code.map(str::to_owned),
        category: None,
        correlation_id: response.and_then(|response| response.correlation_id.clone()),
    }
}
