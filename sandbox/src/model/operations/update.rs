//! Updates a contact.

use super::{
    checks::{check_conflicts, check_required, check_stage, check_values},
    erase::unblock,
};
use crate::model::{
    Account, Contact, ContactId, Context, Rejection, Values, Write, WriteKind, contact::apply_values::apply,
};

/// Writes values to a contact that is not archived. Nothing changes if they are rejected.
pub(crate) fn update(
    account: &mut Account,
    context: &Context<'_>,
    id: ContactId,
    values: &Values,
    trace_id: Option<&str>,
) -> Result<Contact, Rejection> {
    let contact = draft(account, context, id, values)?;
    check_conflicts(account, Some(id), values)?;
    // Everything that can reject the request has been checked, so changes begin here.
    unblock(account, context, values);
    let before = account.live(id).cloned();
    account.search_lag.before_change(context, id, before);
    account.put(contact.clone());
    account.record(Write::new(context, id, WriteKind::Updated, values, trace_id));
    Ok(contact)
}

/// The contact after the update. Values that are invalid in themselves are rejected.
pub(crate) fn draft(
    account: &Account,
    context: &Context<'_>,
    id: ContactId,
    values: &Values,
) -> Result<Contact, Rejection> {
    check_values(account, context, values)?;
    let mut contact = account.live(id).ok_or(Rejection::NotFound)?.clone();
    check_stage(account, context, &contact, values)?;
    apply(&account.properties, context, &mut contact, values);
    check_required(context, &contact)?;
    Ok(contact)
}
