//! Operations of an operator on a user: send fields again, link the user to a contact, or unlink it.

use contracts::{ContactId, FieldSet, Link, LinkOrigin, Priority};

use super::{
    FieldState, Row, RuleTiming, UnixMs, claim::give_up, dirty::mark_dirty, history::SUPERSEDED,
    report::reset_failures,
};

/// The result of a resync of one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResyncResult {
    /// Fields became dirty.
    MarkedDirty,
    /// Every such field was dirty already, or was never given.
    AlreadyDirty,
    /// The user shares its contact with another one, and hubsync cannot know whose values are right.
    Shared,
}

/// Marks these fields dirty, or every field without a set, with back-fill priority.
pub fn resync(row: &mut Row, fields: Option<FieldSet>, now: UnixMs) -> ResyncResult {
    if row.link.as_ref().is_some_and(|link| link.shared) {
        return ResyncResult::Shared;
    }
    let clean = row.fields_where(|state| !state.is_dirty());
    let named = clean
        .iter()
        .filter(|field| fields.is_none_or(|fields| fields.contains(*field)));
    if mark_dirty(row, named.collect(), Priority::Backfill, now) {
        ResyncResult::MarkedDirty
    } else {
        ResyncResult::AlreadyDirty
    }
}

/// Links the user to the contact that an operator named. Every field becomes dirty, the address too, because the contact was not
/// found by it.
///
/// No other user may be linked to the contact. Returns whether the link is new.
pub fn link_by_operator(
    row: &mut Row,
    contact: &ContactId,
    account: &str,
    now: UnixMs,
    timing: &RuleTiming,
) -> bool {
    // No other user is linked to the contact, so a link that is marked as shared has to be replaced.
    let is_linked = row.link.as_ref().is_some_and(|link| {
        link.origin == LinkOrigin::ByOperator
            && link.contact_id == contact.as_str()
            && link.account_id == account
            && !link.shared
    });
    if is_linked {
        return false;
    }
    supersede_attempt(row, now, timing);
    row.link = Some(Link {
        contact_id: contact.to_string(),
        account_id: account.to_owned(),
        address: None,
        origin: LinkOrigin::ByOperator,
        shared: false,
    });
    row.begin_link(now);
    row.former_values.clear();
    row.was_linked = true;
    send_everything(row, now);
    true
}

/// Removes the link. The contact is then looked up by the user's address, and none is created, because the user had one.
///
/// Returns whether there was a link.
pub fn unlink(row: &mut Row, now: UnixMs, timing: &RuleTiming) -> bool {
    if row.link.is_none() {
        return false;
    }
    supersede_attempt(row, now, timing);
    row.link = None;
    row.former_values.clear();
    send_everything(row, now);
    true
}

/// Ends the link of a user whose contact belongs to another one now. The user is looked up again, and may get a contact of its own.
pub fn lose_contact(row: &mut Row, now: UnixMs, timing: &RuleTiming) {
    supersede_attempt(row, now, timing);
    row.link = None;
    row.forget_impossible_creates(now);
    row.was_linked = false;
    row.former_values.clear();
    send_everything(row, now);
}

/// Supersedes an attempt under way, which was given another contact or none. Clearing the holder makes its result that of an earlier
/// attempt, which sets no link and resolves nothing.
fn supersede_attempt(row: &mut Row, now: UnixMs, timing: &RuleTiming) {
    if let Some(open) = row.open_attempt.take() {
        give_up(row, open, SUPERSEDED, now, timing);
        row.holder.clear();
    }
}

/// Sends every field of a user again, because something else may have been written to its contact.
pub fn send_everything(row: &mut Row, now: UnixMs) {
    reset_failures(row);
    row.recheck_at = None;
    row.rechecks = 0;
    let given: FieldSet = row.fields_where(|state: &FieldState| state.changed_in > 0);
    mark_dirty(row, given, Priority::Live, now);
}
