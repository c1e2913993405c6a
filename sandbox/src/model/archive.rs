//! Takes contacts away: archived ones stay readable as such, those deleted for privacy are gone for good.

use super::{Account, ContactId, Context, Refusal, Values, Write, WriteKind, email, lookup::find};

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

/// Deletes a contact for privacy; an unknown address is put on a block list instead.
pub(crate) fn delete_for_privacy(
    account: &mut Account,
    context: &Context<'_>,
    object_id: &str,
    id_property: Option<&str>,
) -> Result<(), Refusal> {
    match find(account, object_id, id_property)? {
        Some(id) => {
            let before = account.contact(id).cloned();
            account.search_lag.before_change(context, id, before);
            account.remove(id);
            Ok(())
        }
        None if id_property == Some("email") => {
            account.block_email(email::normalized(object_id));
            Ok(())
        }
        None => Err(Refusal::NotFound),
    }
}
