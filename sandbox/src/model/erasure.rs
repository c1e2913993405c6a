//! Erases contacts for privacy, and keeps their addresses from coming back.

use super::{
    Account, Context, PropertyFault, Refusal, Source, Values, email, lookup::find, values::fault_of,
};

/// Erases a contact and blocks each of its addresses, primary and secondary. An unknown address is blocked as well.
pub(crate) fn delete_for_privacy(
    account: &mut Account,
    context: &Context<'_>,
    object_id: &str,
    id_property: Option<&str>,
) -> Result<(), Refusal> {
    match find(account, object_id, id_property)? {
        Some(id) => {
            let erased = account.live(id).ok_or(Refusal::NotFound)?.clone();
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
        None => Err(Refusal::NotFound),
    }
}

/// The faults of a write that would bring back erased addresses. HubSpot does not publish the code of this refusal.
///
/// Every write of an address comes through here: create, update and upsert, alone and in batches. A merge only moves
/// addresses that a live contact has.
pub(crate) fn blocked(account: &Account, context: &Context<'_>, values: &Values) -> Vec<PropertyFault> {
    if may_return(context) {
        return Vec::new();
    }
    let blocked = email::addresses_in(values).filter(|(_, address)| account.is_blocked(address));
    blocked
        .map(|(property, address)| {
            let message = format!("Email address {address} was deleted for privacy");
            fault_of(property, "BLOCKED_EMAIL", message)
        })
        .collect()
}

/// Takes the addresses of a write that was allowed off the block list: their person is back.
pub(crate) fn unblock(account: &mut Account, context: &Context<'_>, values: &Values) {
    if may_return(context) {
        for (_, address) in email::addresses_in(values) {
            account.unblock_email(&address);
        }
    }
}

/// HubSpot's pages disagree on whether the API may bring somebody back. The block list always holds for its own pages.
fn may_return(context: &Context<'_>) -> bool {
    context.switches.erased_email_returns && context.source == Source::Integration
}
