//! What an operator does to a user: everything once more, this contact, or none.

use contracts::{ContactId, FieldSet, Link, LinkOrigin, Priority};

use super::{
    FieldState, Row, RuleTiming, UnixMs, claim::give_up, history::OVERTAKEN, owe::owe_again, record::succeed,
};

/// What came of having a user sent once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResyncResult {
    /// Fields are owed that were not.
    MarkedDirty,
    /// Every field was owed already.
    AlreadyDirty,
    /// It shares its contact with another user, and nobody knows whose values are the right ones.
    Shared,
}

/// Owes every field again, behind live changes.
pub fn resync(row: &mut Row, now: UnixMs) -> ResyncResult {
    if row.link.as_ref().is_some_and(|link| link.shared) {
        return ResyncResult::Shared;
    }
    let settled = row.fields_where(|state| !state.is_dirty());
    if owe_again(row, settled, Priority::Backfill, now) {
        ResyncResult::MarkedDirty
    } else {
        ResyncResult::AlreadyDirty
    }
}

/// Links the user to the contact that an operator named. Every field is owed to it, the address too: it was not found
/// by one.
///
/// Nobody else may hold that contact. Returns whether the link is new.
pub fn link_by_operator(
    row: &mut Row,
    contact: &ContactId,
    account: &str,
    now: UnixMs,
    terms: &RuleTiming,
) -> bool {
    // Since nobody else holds the contact, one that counts as shared does so no longer.
    let is_so = row.link.as_ref().is_some_and(|link| {
        link.origin == LinkOrigin::ByOperator
            && link.contact_id == contact.as_str()
            && link.account_id == account
            && !link.shared
    });
    if is_so {
        return false;
    }
    overtake(row, now, terms);
    row.link = Some(Link {
        contact_id: contact.to_string(),
        account_id: account.to_owned(),
        address: None,
        origin: LinkOrigin::ByOperator,
        shared: false,
    });
    row.was_linked = true;
    row.possible_creates.clear();
    begin_anew(row, now);
    true
}

/// Forgets the contact, so that one is looked up by the user's address. None is made: there was one.
///
/// Returns whether there was one to forget.
pub fn unlink(row: &mut Row, now: UnixMs, terms: &RuleTiming) -> bool {
    if row.link.is_none() {
        return false;
    }
    overtake(row, now, terms);
    row.link = None;
    begin_anew(row, now);
    true
}

/// An attempt that is out was given another contact, or none: it is given up, and its verdict will be one of an earlier
/// attempt, which sets no link and settles nothing: nobody holds its number any more.
fn overtake(row: &mut Row, now: UnixMs, terms: &RuleTiming) {
    if let Some(open) = row.open_attempt.take() {
        give_up(row, open, OVERTAKEN, now, terms);
        row.holder.clear();
    }
}

fn begin_anew(row: &mut Row, now: UnixMs) {
    succeed(row);
    row.recheck_at = None;
    row.rechecks = 0;
    let given: FieldSet = row.fields_where(|state: &FieldState| state.changed_in > 0);
    owe_again(row, given, Priority::Live, now);
}
