//! Updates a contact.

use super::erase::{blocked_addresses, unblock};
use crate::model::{
    Account, Contact, ContactId, Context, Rejection, Values, Write, WriteKind,
    contact::apply_values::apply,
    properties::{admin_rules::required_property_error, email, validation::property_errors},
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
    if let Some(rejection) = conflict(account, Some(id), values) {
        return Err(rejection);
    }
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
    let mut errors = property_errors(&account.properties, context, values);
    errors.extend(blocked_addresses(account, context, values));
    if !errors.is_empty() {
        return Err(Rejection::Properties(errors));
    }
    let mut contact = account.live(id).ok_or(Rejection::NotFound)?.clone();
    apply(&account.properties, context, &mut contact, values);
    match required_property_error(context, &contact) {
        None => Ok(contact),
        Some(error) => Err(Rejection::Properties(vec![error])),
    }
}

/// The rejection of a value that only one contact can have, if another contact has it. A primary address also conflicts
/// with secondary ones.
pub(crate) fn conflict(account: &Account, own: Option<ContactId>, values: &Values) -> Option<Rejection> {
    for (_, email) in email::addresses_in(values) {
        match account.holder(&email) {
            Some(holder) if Some(holder) != own => return Some(Rejection::EmailConflict { email, holder }),
            _ => {}
        }
    }
    account.properties.unique_names().find_map(|property| {
        let value = values.get(property).filter(|value| !value.is_empty())?;
        let holder = account
            .unique_holder(property, value)
            .filter(|holder| Some(*holder) != own)?;
        Some(Rejection::ValueConflict {
            property: property.to_owned(),
            value: value.clone(),
            holder,
        })
    })
}
