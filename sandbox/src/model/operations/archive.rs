//! Archives a contact. It stays readable as an archived one.

use crate::model::{Account, ContactId, Context, Rejection, Values, Write, WriteKind};

/// Archives a contact. Other contacts can then have its addresses; its id stays used.
pub(crate) fn archive(account: &mut Account, context: &Context<'_>, id: ContactId) -> Result<(), Rejection> {
    let before = account.live(id).ok_or(Rejection::NotFound)?.clone();
    let mut contact = before.clone();
    contact.archived_at = Some(context.now);
    contact.updated_at = context.now;
    account.search_lag.before_change(context, id, Some(before));
    account.put(contact);
    account.record(Write::new(context, id, WriteKind::Archived, &Values::new(), None));
    Ok(())
}
