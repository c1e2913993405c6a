//! Erases contacts for privacy, and blocks their addresses.

use super::lookup::find;
use crate::model::{
    Account, Context, PropertyError, Rejection, Source, Values,
    properties::{email, validation::property_error},
};

/// Erases a contact and blocks each of its addresses, primary and secondary. An unknown address is blocked as well.
pub(crate) fn delete_for_privacy(
    account: &mut Account,
    context: &Context<'_>,
    object_id: &str,
    id_property: Option<&str>,
) -> Result<(), Rejection> {
    match find(account, object_id, id_property)? {
        Some(id) => {
            let erased = account.live(id).ok_or(Rejection::NotFound)?.clone();
            for address in erased.emails() {
                account.block_email(address.to_owned());
            }
            account.search_lag.before_change(context, id, Some(erased));
            account.remove(id);
            Ok(())
        }
        None if id_property == Some("email") => {
            account.block_email(email::normalized(object_id));
            Ok(())
        }
        None => Err(Rejection::NotFound),
    }
}

/// An error for each address of a write that is blocked. HubSpot does not publish the code of this error.
///
/// Every operation that writes an address calls this: create, update and upsert, single and in batches. A merge only moves
/// addresses that a contact has.
pub(crate) fn blocked_addresses(
    account: &Account,
    context: &Context<'_>,
    values: &Values,
) -> Vec<PropertyError> {
    if may_use_blocked_addresses(context) {
        return Vec::new();
    }
    let blocked = email::addresses_in(values).filter(|(_, address)| account.is_blocked(address));
    blocked
        .map(|(property, address)| {
            let message = format!("Email address {address} was deleted for privacy");
            property_error(property, "BLOCKED_EMAIL", message)
        })
        .collect()
}

/// Removes the addresses of a write from the block list, if erased addresses may return.
pub(crate) fn unblock(account: &mut Account, context: &Context<'_>, values: &Values) {
    if may_use_blocked_addresses(context) {
        for (_, address) in email::addresses_in(values) {
            account.unblock_email(&address);
        }
    }
}

/// Whether a write may use a blocked address. HubSpot's documents disagree about calls of the API; people in the browser
/// never may.
fn may_use_blocked_addresses(context: &Context<'_>) -> bool {
    context.switches.erased_email_returns && context.source == Source::Integration
}
