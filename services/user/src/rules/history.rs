//! The last attempts to deliver a user, for people who ask what became of a change. No rule reads them.

use contracts::{AttemptReceipt, AttemptResult, FieldResult, LastResponse, Reason};
use serde::{Deserialize, Serialize};

use super::{OpenAttempt, Row, UnixMs, link::Linked};

/// So many attempts are remembered for each user.
const ATTEMPTS_KEPT: usize = 10;
/// What is said of an attempt whose verdict never came.
pub(super) const GIVEN_UP: &str = "GIVEN_UP";
/// What is said of an attempt that was out while an operator linked the user to another contact, or to none.
pub(super) const OVERTAKEN: &str = "OVERTAKEN";
/// What is said of an attempt that found no contact.
const CONTACT_MISSING: &str = "CONTACT_MISSING";
/// What is said of an attempt that only found out which contact is the user's; the next one writes.
const CONTACT_FOUND: &str = "CONTACT_FOUND";

/// An attempt that is over.
///
/// It is written as a list, and what went well as a short one: most of what a row weighs may be these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastAttempt(
    /// Its number.
    u64,
    /// The version whose state it carried.
    u64,
    /// When it was given.
    UnixMs,
    /// Milliseconds from there to its verdict.
    UnixMs,
    /// HubSpot's last status; 0 where it said none.
    u16,
    #[serde(default, skip_serializing_if = "Option::is_none")] Option<Remark>,
);

/// What is remembered of an attempt besides its status.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Remark {
    /// Why it did not confirm all it was given.
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

    /// The attempt as callers see it.
    pub(super) fn receipt(&self) -> AttemptReceipt {
        let Self(attempt, version, given_at, duration, status, remark) = self;
        let remark = remark.clone().unwrap_or_default();
        AttemptReceipt {
            attempt: *attempt,
            version: *version,
            at: crate::time::rfc3339(*given_at),
            duration_ms: u64::try_from(*duration).unwrap_or(0),
            status: Some(*status).filter(|status| *status > 0),
            code: remark.code,
            category: remark.category,
            correlation_id: remark.correlation_id,
        }
    }

    fn forget_correlation_id(&mut self) {
        if self.5.as_ref().is_some_and(|remark| remark.code.is_none()) {
            self.5 = None;
        }
    }
}

/// An attempt got its verdict; `linked` is what came of the link that it found.
pub(super) fn remember(
    row: &mut Row,
    attempt: &OpenAttempt,
    verdict: &AttemptResult,
    linked: Option<&Linked>,
    now: UnixMs,
) {
    let answer = verdict.last_response.as_ref();
    let answered = answer.map(|answer| answer.status);
    let (status, remark) = match worst(verdict, linked) {
        Worst::Reason(reason) => (reason.status, of_reason(reason)),
        Worst::Code(code) => (answered, of_answer(Some(code), answer)),
        Worst::Nothing => (answered, of_answer(None, answer)),
    };
    push(row, attempt, status, remark, now);
}

/// An attempt was given up, for the reason of that code: nobody knows what came of it.
pub(super) fn remember_given_up(row: &mut Row, attempt: &OpenAttempt, code: &str, now: UnixMs) {
    push(row, attempt, None, of_answer(Some(code), None), now);
}

fn push(row: &mut Row, attempt: &OpenAttempt, status: Option<u16>, remark: Remark, now: UnixMs) {
    // What went well is hardly asked about once something else came after it.
    if let Some(last) = row.history.last_mut() {
        last.forget_correlation_id();
    }
    if row.history.len() == ATTEMPTS_KEPT {
        row.history.remove(0);
    }
    row.history.push(PastAttempt(
        row.attempt,
        attempt.version,
        attempt.since,
        now.saturating_sub(attempt.since),
        status.unwrap_or(0),
        Some(remark).filter(|remark| *remark != Remark::default()),
    ));
}

/// The worst of what a verdict says.
enum Worst<'a> {
    Reason(&'a Reason),
    Code(&'a str),
    Nothing,
}

fn worst<'a>(verdict: &'a AttemptResult, linked: Option<&'a Linked>) -> Worst<'a> {
    if let Some(failure) = &verdict.failure {
        return Worst::Reason(&failure.reason);
    }
    let mut reasons = verdict
        .field_results
        .values()
        .filter_map(|outcome| match outcome {
            FieldResult::Rejected { reason }
            | FieldResult::Conflict { reason }
            | FieldResult::Failed { reason, .. } => Some(reason),
            FieldResult::Confirmed | FieldResult::NotFound | FieldResult::Unknown => None,
        });
    if let Some(reason) = reasons.next() {
        return Worst::Reason(reason);
    }
    if let Some(Linked::Refused(reason)) = linked {
        return Worst::Code(&reason.code);
    }
    if verdict
        .field_results
        .values()
        .any(|outcome| *outcome == FieldResult::NotFound)
    {
        return Worst::Code(CONTACT_MISSING);
    }
    if verdict.field_results.is_empty() && linked.is_some() {
        return Worst::Code(CONTACT_FOUND);
    }
    Worst::Nothing
}

fn of_reason(reason: &Reason) -> Remark {
    Remark {
        code: Some(reason.code.clone()),
        category: reason.category.clone(),
        correlation_id: reason.correlation_id.clone(),
    }
}

fn of_answer(code: Option<&str>, answer: Option<&LastResponse>) -> Remark {
    Remark {
        code: code.map(str::to_owned),
        category: None,
        correlation_id: answer.and_then(|answer| answer.correlation_id.clone()),
    }
}
