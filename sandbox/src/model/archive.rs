//! Archives contacts: they stay readable as archived ones.

use super::{Account, ContactId, Context, Refusal, Values, Write, WriteKind};

/// Archives a live contact. Its addresses become free, its id does not.
pub(crate) fn archive(account: &mut Account, context: &Context<'_>, id: ContactId) -> Result<(), Refusal> {
    let before = account.live(id).ok_or(Refusal::NotFound)?.clone();
    let mut contact = before.clone();
    contact.archived_at = Some(context.now);
    contact.updated_at = context.now;
    account.search_lag.before_change(context, id, Some(before));
    account.put(contact);
    account.record(Write::new(context, id, WriteKind::Archived, &Values::new(), None));
    Ok(())
}
