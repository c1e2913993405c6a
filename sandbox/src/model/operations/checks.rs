//! Checks that creates and updates have in common.

use super::erase::blocked_addresses;
use crate::model::{
    Account, Contact, ContactId, Context, Rejection, Values,
    properties::{
        admin_rules::required_property_error,
        email,
        validation::{earlier_stage_error, property_errors},
    },
};

/// Rejects values that are invalid in themselves, and addresses that were erased. The rejection lists every error.
pub(crate) fn check_values(
    account: &Account,
    context: &Context<'_>,
    values: &Values,
) -> Result<(), Rejection> {
    let mut errors = property_errors(&account.properties, context, values);
    errors.extend(blocked_addresses(account, context, values));
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Rejection::Properties(errors))
    }
}

/// Rejects a contact in which a property that an admin requires is empty.
pub(crate) fn check_required(context: &Context<'_>, contact: &Contact) -> Result<(), Rejection> {
    match required_property_error(context, contact) {
        None => Ok(()),
        Some(error) => Err(Rejection::Properties(vec![error])),
    }
}

/// Rejects a write that moves the contact to an earlier lifecycle stage, if the account rejects such writes.
pub(crate) fn check_stage(
    account: &Account,
    context: &Context<'_>,
    contact: &Contact,
    values: &Values,
) -> Result<(), Rejection> {
    match earlier_stage_error(&account.properties, context, contact, values) {
        None => Ok(()),
        Some(error) => Err(Rejection::Properties(vec![error])),
    }
}

/// Rejects a value that only one contact can have, if a contact other than `own` has it. A primary address also conflicts
/// with secondary ones.
pub(crate) fn check_conflicts(
    account: &Account,
    own: Option<ContactId>,
    values: &Values,
) -> Result<(), Rejection> {
    for (_, email) in email::addresses_in(values) {
        match account.holder(&email) {
            Some(holder) if Some(holder) != own => return Err(Rejection::EmailConflict { email, holder }),
            _ => {}
        }
    }
    let conflict = account.properties.unique_names().find_map(|property| {
        let value = values.get(property).filter(|value| !value.is_empty())?;
        let holder = account
            .unique_holder(property, value)
            .filter(|holder| Some(*holder) != own)?;
        Some(Rejection::ValueConflict {
            property: property.to_owned(),
            value: value.clone(),
            holder,
        })
    });
    conflict.map_or(Ok(()), Err)
}
