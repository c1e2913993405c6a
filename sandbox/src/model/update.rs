//! Updates a contact that was found.

use super::{
    Account, Contact, ContactId, Context, Refusal, Values, Write, WriteKind,
    admin_rules::required_by_admin,
    email,
    erasure::{blocked, unblock},
    history::apply,
    values::faults,
};

/// Writes values to a live contact; nothing changes if it is refused.
pub(crate) fn update(
    account: &mut Account,
    context: &Context<'_>,
    id: ContactId,
    values: &Values,
    trace_id: Option<&str>,
) -> Result<Contact, Refusal> {
    let contact = draft(account, context, id, values)?;
    if let Some(refusal) = conflict(account, Some(id), values) {
        return Err(refusal);
    }
    unblock(account, context, values);
    let before = account.live(id).cloned();
    account.search_lag.before_change(context, id, before);
    account.put(contact.clone());
    account.record(Write::new(context, id, WriteKind::Updated, values, trace_id));
    Ok(contact)
}

/// The contact as it would be, unless something is wrong with the values alone.
pub(crate) fn draft(
    account: &Account,
    context: &Context<'_>,
    id: ContactId,
    values: &Values,
) -> Result<Contact, Refusal> {
    let mut faults = faults(&account.properties, context, values);
    faults.extend(blocked(account, context, values));
    if !faults.is_empty() {
        return Err(Refusal::Properties(faults));
    }
    let mut contact = account.live(id).ok_or(Refusal::NotFound)?.clone();
    apply(&account.properties, context, &mut contact, values);
    match required_by_admin(context, &contact) {
        None => Ok(contact),
        Some(fault) => Err(Refusal::Properties(vec![fault])),
    }
}

/// The refusal of a value that only one contact can have and another one has.
///
/// Addresses are unique over primary and secondary ones.
pub(crate) fn conflict(account: &Account, own: Option<ContactId>, values: &Values) -> Option<Refusal> {
    for (_, email) in email::addresses_in(values) {
        match account.holder(&email) {
            Some(holder) if Some(holder) != own => return Some(Refusal::EmailTaken { email, holder }),
            _ => {}
        }
    }
    account.properties.unique_names().find_map(|property| {
        let value = values.get(property).filter(|value| !value.is_empty())?;
        let holder = account
            .unique_holder(property, value)
            .filter(|holder| Some(*holder) != own)?;
        Some(Refusal::ValueTaken {
            property: property.to_owned(),
            value: value.clone(),
            holder,
        })
    })
}
