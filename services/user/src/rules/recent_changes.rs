//! The changes that a row remembers by the numbers that their senders drew, so that a second try is not carried out twice.
//!
//! The gateway sends a change a second time if no answer comes. The first try may have been carried out, and its answer lost.

use serde::{Deserialize, Serialize};

use super::{ChangeError, Row, UnixMs};

/// At most this many changes are remembered per user. The oldest one is forgotten.
const MAX_CHANGES: usize = 32;
/// Changes older than this are forgotten, because no sender waits for so long. It is longer than the longest deadline of the gateway,
/// which is two minutes.
const MAX_AGE: UnixMs = 180_000;

/// A change that made a version: the number that its sender drew, that version, and when it was made.
///
/// It is stored as an array, to take little space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecentChange(u64, u64, UnixMs);

/// The try of a sender, by the clock of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Try {
    /// The number of the change.
    pub number: u64,
    /// In a second try: when the first one was sent, or earlier.
    pub first_try_at: Option<UnixMs>,
}

/// The version that an earlier try of the same change made; none if there was no such try.
///
/// If the row may have forgotten the first try, nobody knows whether it was carried out. Then the second one is not, because it could
/// replace a newer value.
pub(super) fn find_earlier_try(row: &Row, sent: Try, now: UnixMs) -> Result<Option<u64>, ChangeError> {
    let mut changes = row.recent_changes.iter();
    if let Some(RecentChange(_, version, _)) = changes.find(|change| change.0 == sent.number) {
        return Ok(Some(*version));
    }
    match sent.first_try_at {
        Some(first_try_at) if may_be_forgotten(row, first_try_at, now) => Err(ChangeError::OutcomeUnknown),
        _ => Ok(None),
    }
}

/// Whether a change that was made at this time or later may not be remembered any more.
fn may_be_forgotten(row: &Row, made_at: UnixMs, now: UnixMs) -> bool {
    made_at <= row.changes_forgotten_through || made_at < now.saturating_sub(MAX_AGE)
}

/// Remembers a change that made the current version. One that made no version needs no memory: if its second try changes something,
/// that is the only thing that the change did.
pub(super) fn remember(row: &mut Row, number: u64, now: UnixMs) {
    let version = row.version;
    let changes = &mut row.recent_changes;
    // First tries are dated by the present clock. If it stepped forward after a change that is forgotten now, it did so between two changes,
    // so by no more than the longest time between two of them.
    let later = changes.iter().skip(1).map(|change| change.2).chain([now]);
    let longest_gap = changes
        .iter()
        .zip(later)
        .map(|(change, later)| later.saturating_sub(change.2))
        .max();
    let longest_gap = longest_gap.unwrap_or(0).max(0);
    let mut forgotten_through = row.changes_forgotten_through;
    let too_old = now.saturating_sub(MAX_AGE);
    let over_the_bound = (changes.len() + 1).saturating_sub(MAX_CHANGES);
    let mut place = 0;
    changes.retain(|change| {
        place += 1;
        let is_kept = place > over_the_bound && change.2 >= too_old;
        if !is_kept {
            forgotten_through = forgotten_through.max(change.2.saturating_add(longest_gap));
        }
        is_kept
    });
    changes.push(RecentChange(number, version, now));
    // A later time is from before the clock stepped back.
    row.changes_forgotten_through = forgotten_through.min(now);
}
