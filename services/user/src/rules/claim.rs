//! Giving a user to a worker as a numbered attempt.

use std::num::NonZeroU64;

use contracts::{Claim, Field, FieldDefinitions, Values, WriteTarget};

use super::{
    OpenAttempt, Row, RuleTiming, UnixMs, UnknownMembers,
    history::{GIVEN_UP, remember_given_up},
    timing::is_due,
};

/// The answer to a claim of one user.
#[derive(Debug, Clone, PartialEq)]
pub enum Claimed {
    /// The user was given.
    Given(Box<Claim>),
    /// The user is clean.
    Clean,
    /// An attempt of this epoch is still under way.
    InProgress,
    /// HubSpot may still apply a call of another user to the same contact, so the user waits until that is over.
    Waiting,
}

/// What the next attempt of a user may write to, if other users' calls to it have to be over. Users who share a contact do not wait for
/// each other; nothing is promised about their order.
pub fn next_target(row: &Row, account: &str) -> Option<WriteTarget> {
    match &row.link {
        Some(link) if link.shared => None,
        Some(link) if link.account_id == account => row.linked_contact(),
        _ if row.was_linked => None,
        _ => row.address().map(WriteTarget::address),
    }
}

/// The worker that holds the lease.
#[derive(Debug, Clone, Copy)]
pub struct Worker<'a> {
    /// The random id that it drew for its lease.
    pub holder: &'a str,
    /// The epoch of its lease.
    pub epoch: u64,
    /// The account that its token belongs to.
    pub account: &'a str,
    /// The definitions of the fields, which it knows too.
    pub fields: &'a FieldDefinitions,
}

/// Whether an attempt of this epoch is still under way.
pub fn is_under_way(row: &Row, epoch: u64, now: UnixMs, timing: &RuleTiming) -> bool {
    row.open_attempt.as_ref().is_some_and(|open| {
        let past_term = is_due(open.since + timing.attempt, now, timing.attempt);
        open.epoch == epoch && !past_term
    })
}

/// Gives a dirty row to the worker that holds the lease.
///
/// An open attempt of an older epoch, or one that is past its term, is given up first. HubSpot may still apply its calls, so a
/// late-write window begins now.
///
/// `late_write_until` is the time until which HubSpot may apply a call of another user to what this attempt would write to.
pub fn claim(
    row: &mut Row,
    worker: Worker<'_>,
    late_write_until: Option<UnixMs>,
    now: UnixMs,
    floor: u64,
    timing: &RuleTiming,
) -> Claimed {
    if is_under_way(row, worker.epoch, now, timing) {
        return Claimed::InProgress;
    }
    if let Some(open) = row.open_attempt.take() {
        give_up(row, open, GIVEN_UP, now, timing);
    }
    let dirty = row.dirty_fields();
    forget_given_values(row);
    if !row.is_dirty() {
        return Claimed::Clean;
    }
    if let Some(until) = late_write_until.filter(|until| *until > now) {
        row.wait_for_late_write(until, now, timing);
        return Claimed::Waiting;
    }
    row.end_wait_for_late_write();
    // If the clock stepped back, the windows end a whole term from now, and not earlier.
    for create in &mut row.possible_creates {
        create.until = create.until.min(now + timing.late_write);
    }
    // No contact is created for a user with a link. But it may lose that link while HubSpot may still apply an earlier create.
    if row.was_linked {
        row.forget_impossible_creates(now);
    }
    row.begin_attempt(floor);
    worker.holder.clone_into(&mut row.holder);
    row.open_attempt = Some(OpenAttempt {
        epoch: worker.epoch,
        version: row.version,
        generation: row.generation,
        fields: dirty,
        since: now,
        address: row.address().filter(|_| !row.was_linked).map(str::to_owned),
        unknown: UnknownMembers::new(),
    });
    postpone_wake_up(row, now, timing);
    Claimed::Given(Box::new(claim_of(row, worker, now)))
}

/// Gives an attempt up whose result nobody waits for any more; `code` says why. HubSpot may still apply its calls, so a late-write
/// window begins now.
pub(super) fn give_up(row: &mut Row, attempt: OpenAttempt, code: &str, now: UnixMs, timing: &RuleTiming) {
    remember_given_up(row, &attempt, code, now);
    // Without a link, the worker may have created a contact.
    let created = attempt.address.as_deref().map(WriteTarget::address);
    let target = row.linked_contact().or(created);
    row.extend_window_for_given_up(attempt.version, now + timing.late_write, target);
    if row.link.is_some() && attempt.fields.contains(Field::EMAIL) {
        row.address_written_at = now;
    }
    if let Some(address) = attempt.address {
        row.record_possible_create(address, now + timing.late_write);
    }
}

/// What a caller has given since replaces the value of the former user.
fn forget_given_values(row: &mut Row) {
    let fields = &row.fields;
    row.former_values
        .retain(|field, _| fields[*field].changed_in == 0);
}

/// A user with an attempt under way need not be woken soon. The wake-up time is indexed, so it is moved only when less than half of
/// it is left.
fn postpone_wake_up(row: &mut Row, now: UnixMs, timing: &RuleTiming) {
    let left = row.wake_at.map_or(0, |wake_at| wake_at - now);
    if left < timing.wake_up / 2 || left > timing.wake_up {
        row.wake_at = Some(now + timing.wake_up);
    }
}

/// What HubSpot last confirmed in dirty fields that are written only if the contact has no value of its own.
fn last_confirmed(row: &Row, definitions: &FieldDefinitions) -> Values {
    let dirty = row.fields.iter().filter(|(_, state)| state.is_dirty());
    let if_empty = dirty.filter(|(field, _)| definitions.is_written_if_empty(*field));
    let confirmed = if_empty.filter_map(|(field, state)| {
        let value = if row.is_confirmed_here(state) {
            &state.value
        } else {
            &state.last_confirmed
        };
        Some((field, Some(value.clone()?)))
    });
    confirmed.collect()
}

fn claim_of(row: &Row, worker: Worker<'_>, now: UnixMs) -> Claim {
    Claim {
        user_id: row.user_id.clone(),
        attempt: NonZeroU64::new(row.attempt).expect("the first attempt has number 1"),
        version: row.version,
        generation: row.generation,
        priority: row.priority,
        values: row.values(),
        dirty: row.dirty_fields(),
        link: row.link.clone().filter(|link| link.account_id == worker.account),
        never_linked: !row.was_linked,
        former_values: row.former_values.clone(),
        last_confirmed: last_confirmed(row, worker.fields),
        request: row.request.clone(),
        possible_creates: row
            .possible_creates
            .iter()
            .map(|create| create.to_possible_create(now))
            .collect(),
    }
}
