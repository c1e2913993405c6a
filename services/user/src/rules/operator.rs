//! What an operator does to a user: everything once more, this contact, or none.

use contracts::{ContactId, FieldSet, Found, Lane, Link};

use super::{
    FieldState, Row, Terms, UnixMs, claim::give_up, history::OVERTAKEN, owe::owe_again, record::succeed,
};

/// What came of having a user sent once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resynced {
    /// Fields are owed that were not.
    Owed,
    /// Every field was owed already.
    Left,
    /// It shares its contact with another user, and nobody knows whose values are the right ones.
    Shared,
}

/// Owes every field again, behind live changes.
pub fn resync(row: &mut Row, now: UnixMs) -> Resynced {
    if row.link.as_ref().is_some_and(|link| link.shared) {
        return Resynced::Shared;
    }
    let settled = row.fields_where(|state| !state.is_owed());
    if owe_again(row, settled, Lane::Backfill, now) {
        Resynced::Owed
    } else {
        Resynced::Left
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
    terms: &Terms,
) -> bool {
    // Since nobody else holds the contact, one that counts as shared does so no longer.
    let is_so = row.link.as_ref().is_some_and(|link| {
        link.found == Found::ByOperator
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
        found: Found::ByOperator,
        shared: false,
    });
    row.was_linked = true;
    row.creating.clear();
    begin_anew(row, now);
    true
}

/// Forgets the contact, so that one is looked up by the user's address. None is made: there was one.
///
/// Returns whether there was one to forget.
pub fn unlink(row: &mut Row, now: UnixMs, terms: &Terms) -> bool {
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
fn overtake(row: &mut Row, now: UnixMs, terms: &Terms) {
    if let Some(open) = row.open.take() {
        give_up(row, open, OVERTAKEN, now, terms);
        row.holder.clear();
    }
}

fn begin_anew(row: &mut Row, now: UnixMs) {
    succeed(row);
    row.recheck_at = None;
    row.rechecks = 0;
    let given: FieldSet = row.fields_where(|state: &FieldState| state.touched > 0);
    owe_again(row, given, Lane::Live, now);
}
