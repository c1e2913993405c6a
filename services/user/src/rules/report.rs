//! Recording the result of an attempt.

use std::hash::{DefaultHasher, Hash, Hasher};

use contracts::{
    AttemptFailure, AttemptResult, Field, FieldResult, FieldSet, LinkOrigin, NextAction, Priority, UserId,
    WriteTarget,
};

use super::{
    OpenAttempt, Row, RuleTiming, UnixMs,
    dirty::{changed_after, mark_dirty, resend_lost_address},
    history::remember_attempt,
    late_writes::may_be_of_another,
    link::{Decided, LinkDecision, decide_link, left_behind},
    results::resolve_fields,
    timing::MAX_COUNTED_FAILURES,
};

/// What follows from a result, besides the changed row.
#[derive(Debug, PartialEq, Eq)]
pub struct Effects {
    /// What the worker does next about the user.
    pub next: NextAction,
    /// Whether the result was that of the open attempt, so that the user's receipt may have changed.
    pub is_resolved: bool,
    /// Other users that lose their contact, because it belongs to this user, or because they no longer belong to it.
    pub losers: Vec<UserId>,
    /// Other users that are sent again, because something of this user was written to their contact.
    pub overwritten: Vec<UserId>,
    /// The contact that an earlier attempt wrote to. If another user is linked to it now, that user is sent again.
    pub overwritten_contact: Option<WriteTarget>,
}

impl Effects {
    fn only(next: NextAction) -> Self {
        Self {
            next,
            is_resolved: false,
            losers: Vec::new(),
            overwritten: Vec::new(),
            overwritten_contact: None,
        }
    }
}

/// Records the result of an attempt, whichever epoch it belongs to.
///
/// `others` are the other users that are linked to the contact of the result's link or, without one, to the contact that the user
/// shares with them.
pub fn report_result(
    row: &mut Row,
    holder: &str,
    mut result: AttemptResult,
    others: &[Row],
    now: UnixMs,
    timing: &RuleTiming,
) -> Effects {
    // A worker of a later version may report results that this version does not know. Their fields stay dirty.
    result
        .field_results
        .retain(|_, result| *result != FieldResult::Unknown);
    // Only the worker that was given the last attempt may resolve fields, and only once.
    let is_last = result.attempt.get() == row.attempt && row.holder == holder;
    match row.open_attempt.take_if(|_| is_last) {
        Some(attempt) => report_current(row, &attempt, result, others, now, timing),
        // A repeat of a result that was recorded, because the answer was lost. Nothing changes.
        None if is_last => Effects::only(next_action(row, now)),
        None => report_earlier(row, &result, now, timing),
    }
}

/// Records the result of an attempt that a later one has superseded. It resolves nothing and sets no link, but what it wrote may have
/// replaced newer values, so those are sent again.
fn report_earlier(row: &mut Row, result: &AttemptResult, now: UnixMs, timing: &RuleTiming) -> Effects {
    // HubSpot may hold values of a version that is lost. No field is known to have the same value.
    let version = if row.has_lost(result.version) {
        0
    } else {
        result.version
    };
    let newer = changed_after(row, version);
    let overwritten: FieldSet = result
        .written
        .iter()
        .filter(|field| newer.contains(*field))
        .collect();
    mark_dirty(row, overwritten, Priority::Live, now);
    remember_written_address(row, result, now);
    if result.may_apply_late {
        row.extend_late_write_window(version, now + timing.late_write, result.target.clone());
    } else {
        row.end_window_of(result.attempt.get(), now);
    }
    // A contact that it created is found again by its address.
    let created = result
        .link
        .as_ref()
        .filter(|link| link.origin == LinkOrigin::Created);
    if let Some(address) = created.and_then(|link| link.address.clone()) {
        row.record_possible_create(address, now + timing.late_write);
    } else if result.may_have_created {
        // Its address was remembered when the attempt was given up.
        for create in &mut row.possible_creates {
            create.until = create.until.max(now + timing.late_write);
        }
    }
    // If it was superseded and no worker has claimed the user since, this worker goes on.
    let goes_on = row.open_attempt.is_none() && row.holder.is_empty();
    let next = if goes_on {
        next_action(row, now)
    } else {
        NextAction::Superseded
    };
    Effects {
        overwritten_contact: result
            .target
            .clone()
            .filter(|target| may_be_of_another(row, target)),
        ..Effects::only(next)
    }
}

/// The address may be another one at HubSpot now than a worker that looks up the contact has seen.
fn remember_written_address(row: &mut Row, result: &AttemptResult, now: UnixMs) {
    if result.written.contains(Field::EMAIL) {
        row.address_written_at = now;
    }
}

fn report_current(
    row: &mut Row,
    attempt: &OpenAttempt,
    mut result: AttemptResult,
    others: &[Row],
    now: UnixMs,
    timing: &RuleTiming,
) -> Effects {
    // The link comes first: fields that the attempt wrote through it must not be resolved if the link is rejected.
    let decided = result
        .link
        .take()
        .map(|found| decide_link(row, found, attempt, others, now));
    let decision = decided.as_ref().map(|decided| &decided.decision);
    remember_attempt(row, attempt, &result, decision, now);
    remember_written_address(row, &result, now);
    let looks_up_again = matches!(
        decision,
        Some(LinkDecision::AlreadyLinked | LinkDecision::Outdated(_))
    );
    if !matches!(
        decision,
        None | Some(LinkDecision::Accepted | LinkDecision::AlreadyLinked)
    ) {
        // What was confirmed or left alone is in the contact of another user.
        result.field_results.retain(|_, result| !result.is_settled());
    }
    let (mut losers, overwritten) = match decided {
        Some(Decided {
            losers, overwritten, ..
        }) => (losers, overwritten),
        None => (Vec::new(), Vec::new()),
    };
    // The address by which the contact is found again if its id is lost.
    if let (Some(address), Some(link)) = (result.confirmed_address.take(), &mut row.link) {
        if link.shared && result.written.contains(Field::EMAIL) {
            losers.extend(left_behind(&address, others));
        }
        link.address = Some(address);
    }
    let has_results = !result.field_results.is_empty();
    // A worker resolves only fields that it was given.
    let sent = result
        .field_results
        .into_iter()
        .filter(|(field, _)| attempt.fields.contains(*field))
        .collect();
    resolve_fields(row, attempt, sent, now);
    row.former_values
        .retain(|field, _| !result.cleared.contains(*field));
    // Workers of earlier versions clear nothing.
    let is_stuck =
        row.dirty_fields().is_empty() && !row.former_values.is_empty() && result.cleared.is_empty();
    if result.may_apply_late {
        row.extend_late_write_window(attempt.version, now + timing.late_write, result.target);
    }
    if let Some(address) = attempt.address.clone().filter(|_| result.may_have_created) {
        row.forget_impossible_creates(attempt.since);
        row.record_possible_create(address, now + timing.late_write);
    }
    match result.failure {
        Some(failure) if row.is_dirty() => handle_failure(row, attempt, failure, now, timing),
        // The attempt found out nothing new. Without a pause the next one would find out the same at once, and so on.
        _ if is_stuck || (looks_up_again && !has_results) => schedule_retry(row, attempt, now, timing),
        _ => {
            reset_failures(row);
            if result.lacks_address {
                resend_lost_address(row, attempt, now);
            }
        }
    }
    finish_if_clean(row);
    Effects {
        next: next_action(row, now),
        is_resolved: true,
        losers,
        overwritten,
        overwritten_contact: None,
    }
}

/// A failure resolves nothing. After too many failures that count against the record, its fields get the result `Failed`.
fn handle_failure(
    row: &mut Row,
    attempt: &OpenAttempt,
    failure: AttemptFailure,
    now: UnixMs,
    timing: &RuleTiming,
) {
    row.counted_failures += u32::from(failure.is_counted);
    if row.counted_failures >= MAX_COUNTED_FAILURES {
        let failed = FieldResult::Failed {
            reason: failure.reason,
            is_transient: failure.is_transient,
        };
        let results = attempt
            .fields
            .iter()
            .filter(|field| row.fields[*field].resolved_at < attempt.generation);
        let results = results.map(|field| (field, failed.clone())).collect();
        resolve_fields(row, attempt, results, now);
        row.former_values.clear();
        reset_failures(row);
        return;
    }
    row.last_failure = Some(failure.reason);
    schedule_retry(row, attempt, now, timing);
}

fn schedule_retry(row: &mut Row, attempt: &OpenAttempt, now: UnixMs, timing: &RuleTiming) {
    // What a caller changed during the attempt waits for the shortest pause only.
    if !changed_after(row, attempt.version).is_empty() {
        row.failures = 0;
    }
    row.failures = row.failures.saturating_add(1);
    // The jitter depends on the user, so that users that failed together are not all due together.
    let mut seed = DefaultHasher::new();
    (&row.user_id, row.attempt).hash(&mut seed);
    row.wake_at = Some(now + timing.failure_pause(row.failures, seed.finish()));
}

pub(super) fn reset_failures(row: &mut Row) {
    row.failures = 0;
    row.counted_failures = 0;
    row.last_failure = None;
}

/// Clears what only a dirty row needs: its wake-up time and the request that changed it. A dirty row keeps the wake-up time that
/// its claim set, in case its worker does not go on.
fn finish_if_clean(row: &mut Row) {
    if !row.is_dirty() {
        row.wake_at = None;
        row.request = None;
    }
}

fn next_action(row: &Row, now: UnixMs) -> NextAction {
    if !row.is_dirty() {
        return NextAction::Clean;
    }
    // Without a failure the wake-up time is only the net for a lost wake-up, and the worker does not wait for it.
    let wait = row.wake_at.map_or(0, |wake_at| wake_at - now);
    match u64::try_from(wait) {
        Ok(in_ms) if in_ms > 0 && row.failures > 0 => NextAction::Later { in_ms },
        _ => NextAction::Now,
    }
}
