//! Taking the verdict of an attempt.

use std::hash::{DefaultHasher, Hash, Hasher};

use contracts::{
    AttemptFailure, AttemptResult, FieldResult, FieldSet, LinkOrigin, NextAction, Priority, UserId,
};

use super::{
    OpenAttempt, Row, RuleTiming, UnixMs,
    history::remember,
    link::{Linked, link},
    outcome::settle,
    owe::{owe_again, touched_after},
    terms::{MAX_COUNTED_FAILURES, failure_pause},
};

/// What follows from a verdict, besides the changed row.
#[derive(Debug, PartialEq, Eq)]
pub struct Effects {
    /// What the worker does next about the user.
    pub next: NextAction,
    /// Whether the row's receipt may say something new.
    pub settled: bool,
    /// Users who share the contact from now on.
    pub now_shared: Vec<UserId>,
}

impl Effects {
    fn only(next: NextAction) -> Self {
        Self {
            next,
            settled: false,
            now_shared: Vec::new(),
        }
    }
}

/// Takes a verdict, from any epoch.
///
/// `others` are the users, besides this one, linked to the contact that the verdict's link names.
pub fn report_result(
    row: &mut Row,
    holder: &str,
    mut verdict: AttemptResult,
    others: Vec<UserId>,
    now: UnixMs,
    terms: &RuleTiming,
) -> Effects {
    // A worker of a later version may report results that this version does not know. Their fields stay dirty.
    verdict
        .field_results
        .retain(|_, result| *result != FieldResult::Unknown);
    let is_last = verdict.attempt.get() == row.attempt && row.holder == holder;
    match row.open_attempt.take_if(|_| is_last) {
        Some(attempt) => record_open(row, &attempt, verdict, others, now, terms),
        None if is_last => Effects::only(next(row, now)),
        None => record_earlier(row, &verdict, now, terms),
    }
}

/// The attempt was overtaken: it settles nothing and sets no link, but what it wrote may stand over something newer.
fn record_earlier(row: &mut Row, verdict: &AttemptResult, now: UnixMs, terms: &RuleTiming) -> Effects {
    let newer = touched_after(row, verdict.version);
    let overwritten: FieldSet = verdict
        .written
        .iter()
        .filter(|field| newer.contains(*field))
        .collect();
    owe_again(row, overwritten, Priority::Live, now);
    if verdict.may_apply_late {
        row.extend_late_write_window(verdict.version, now + terms.late_write);
    }
    // What it created under an address is found under it.
    let created = verdict
        .link
        .as_ref()
        .filter(|link| link.origin == LinkOrigin::Created);
    if let Some(address) = created.and_then(|link| link.address.clone()) {
        row.record_possible_create(address, now + terms.late_write);
    } else if verdict.may_have_created {
        // Its address is among those that were noted when it was given up.
        for creating in &mut row.possible_creates {
            creating.until = creating.until.max(now + terms.late_write);
        }
    }
    if row.open_attempt.is_none() && row.holder.is_empty() {
        // An operator overtook it, and its worker is the one to go on.
        return Effects::only(next(row, now));
    }
    Effects::only(NextAction::Superseded)
}

fn record_open(
    row: &mut Row,
    attempt: &OpenAttempt,
    mut verdict: AttemptResult,
    others: Vec<UserId>,
    now: UnixMs,
    terms: &RuleTiming,
) -> Effects {
    let mut now_shared = Vec::new();
    let mut no_news = false;
    let linked = verdict
        .link
        .take()
        .map(|found| link(row, found, attempt, others, now));
    remember(row, attempt, &verdict, linked.as_ref(), now);
    match linked {
        Some(Linked::Taken(others)) => now_shared = others,
        Some(Linked::NoNews) => no_news = true,
        Some(Linked::Refused(_)) | None => {}
    }
    if let (Some(address), Some(link)) = (verdict.confirmed_address, &mut row.link) {
        link.address = Some(address);
    }
    let progress = !verdict.field_results.is_empty();
    let sent = verdict
        .field_results
        .into_iter()
        .filter(|(field, _)| attempt.fields.contains(*field))
        .collect();
    settle(row, attempt, sent, now);
    if verdict.may_apply_late {
        row.extend_late_write_window(attempt.version, now + terms.late_write);
    }
    if let Some(address) = attempt.address.clone().filter(|_| verdict.may_have_created) {
        row.forget_impossible_creates(attempt.since);
        row.record_possible_create(address, now + terms.late_write);
    }
    match verdict.failure {
        Some(failure) if row.is_dirty() => fail(row, attempt, failure, now),
        _ if no_news && !progress => pause(row, now),
        _ => succeed(row),
    }
    rest(row);
    Effects {
        next: next(row, now),
        settled: true,
        now_shared,
    }
}

/// A failure settles nothing, until so many were the record's own fault that it is parked.
fn fail(row: &mut Row, attempt: &OpenAttempt, failure: AttemptFailure, now: UnixMs) {
    row.counted_failures += u32::from(failure.is_counted);
    if row.counted_failures >= MAX_COUNTED_FAILURES {
        let parked = FieldResult::Failed {
            reason: failure.reason,
            is_transient: failure.is_transient,
        };
        let outcomes = attempt
            .fields
            .iter()
            .filter(|field| row.fields[*field].resolved_at < attempt.generation);
        let outcomes = outcomes.map(|field| (field, parked.clone())).collect();
        settle(row, attempt, outcomes, now);
        succeed(row);
        return;
    }
    row.last_failure = Some(failure.reason);
    pause(row, now);
}

fn pause(row: &mut Row, now: UnixMs) {
    row.failures = row.failures.saturating_add(1);
    // The user's own jitter: users who failed together do not come back together.
    let mut seed = DefaultHasher::new();
    (&row.user_id, row.attempt).hash(&mut seed);
    row.wake_at = Some(now + failure_pause(row.failures, seed.finish()));
}

pub(super) fn succeed(row: &mut Row) {
    row.failures = 0;
    row.counted_failures = 0;
    row.last_failure = None;
}

/// A row that owes nothing is not woken; one that goes on owing keeps its wake-up, which every claim leaves it with, in
/// case nobody goes on with it.
fn rest(row: &mut Row) {
    if !row.is_dirty() {
        row.wake_at = None;
    }
}

fn next(row: &Row, now: UnixMs) -> NextAction {
    if !row.is_dirty() {
        return NextAction::Clean;
    }
    let wait = row.wake_at.map_or(0, |wake_at| wake_at - now);
    match u64::try_from(wait) {
        Ok(in_ms) if in_ms > 0 && row.failures > 0 => NextAction::Later { in_ms },
        _ => NextAction::Now,
    }
}
