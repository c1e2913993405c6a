//! Handing a user out as a numbered attempt.

use std::num::NonZeroU64;

use contracts::{Claim, Field};

use super::{
    OpenAttempt, Row, RuleTiming, UnixMs,
    history::{GIVEN_UP, remember_given_up},
    terms::has_come,
};

/// What came of asking for a user.
#[derive(Debug, Clone, PartialEq)]
pub enum Claimed {
    /// It was handed out.
    Given(Box<Claim>),
    /// It owes nothing.
    NothingOwed,
    /// An attempt is open under this epoch and within its term.
    InWork,
}

/// Hands a row out under the current epoch, if it owes something.
///
/// An attempt open under an older epoch, or past its term, is given up: its calls may still be carried out, so a
/// doubt starts, counted from now.
pub fn claim(
    row: &mut Row,
    holder: &str,
    epoch: u64,
    account: &str,
    now: UnixMs,
    terms: &RuleTiming,
) -> Claimed {
    let is_in_work = |open: &OpenAttempt| {
        let past_term = has_come(open.since + terms.attempt, now, terms.attempt);
        open.epoch == epoch && !past_term
    };
    if row.open_attempt.as_ref().is_some_and(is_in_work) {
        return Claimed::InWork;
    }
    if let Some(open) = row.open_attempt.take() {
        give_up(row, open, GIVEN_UP, now, terms);
    }
    let owed = row.dirty_fields();
    if owed.is_empty() {
        return Claimed::NothingOwed;
    }
    // A clock that stepped back must not end it early.
    for creating in &mut row.possible_creates {
        creating.until = creating.until.min(now + terms.late_write);
    }
    row.attempt += 1;
    holder.clone_into(&mut row.holder);
    row.open_attempt = Some(OpenAttempt {
        epoch,
        version: row.version,
        generation: row.generation,
        fields: owed,
        since: now,
        address: row.fields[Field::Email].value.clone().filter(|_| !row.was_linked),
    });
    push_wake_on(row, now, terms);
    Claimed::Given(Box::new(given(row, account, now)))
}

/// An attempt has no verdict to wait for, for the reason of that code: its calls may still be carried out, so a doubt starts, counted from now.
pub(super) fn give_up(row: &mut Row, attempt: OpenAttempt, code: &str, now: UnixMs, terms: &RuleTiming) {
    remember_given_up(row, &attempt, code, now);
    row.extend_late_write_window(attempt.version, now + terms.late_write);
    if let Some(address) = attempt.address {
        row.record_possible_create(address, now + terms.late_write);
    }
}

/// A row out in an attempt need not be announced soon. Its due time is indexed, so it is moved only when little of
/// it is left.
fn push_wake_on(row: &mut Row, now: UnixMs, terms: &RuleTiming) {
    let left = row.wake_at.map_or(0, |wake_at| wake_at - now);
    if left < terms.wake_up / 2 || left > terms.wake_up {
        row.wake_at = Some(now + terms.wake_up);
    }
}

fn given(row: &Row, account: &str, now: UnixMs) -> Claim {
    Claim {
        user_id: row.user_id.clone(),
        attempt: NonZeroU64::new(row.attempt).expect("the first attempt has number 1"),
        version: row.version,
        generation: row.generation,
        priority: row.priority,
        values: row.values(),
        dirty: row.dirty_fields(),
        link: row.link.clone().filter(|link| link.account_id == account),
        never_linked: !row.was_linked,
        possible_creates: row
            .possible_creates
            .iter()
            .map(|creating| creating.to_possible_create(now))
            .collect(),
    }
}
