//! Merges two contacts into one.
//! <https://developers.hubspot.com/docs/api-reference/latest/crm/objects/contacts/guide>

use super::lookup::find;
use crate::model::{
    Account, Contact, ContactId, Context, Rejection, Source, Values, Write, WriteKind,
    contact::apply_values::blank,
};

/// HubSpot's limit on the former ids of a contact.
/// <https://developers.hubspot.com/docs/api-reference/error-handling>
const MAX_IDENTITIES: usize = 250;

/// Merges `secondary` into `primary`. The primary's values win; the addresses of both are kept.
///
/// The merged contact has a new id, unless a switch preserves the id of the primary. All other ids become former ids.
pub(crate) fn merge(
    account: &mut Account,
    context: &Context<'_>,
    primary: &str,
    secondary: &str,
) -> Result<Contact, Rejection> {
    let primary = find_for_merge(account, primary)?;
    let secondary = find_for_merge(account, secondary)?;
    if primary.id == secondary.id {
        return Err(Rejection::Merge("Cannot merge a CONTACT with itself.".to_owned()));
    }
    let former_ids = former_ids(context, &primary, &secondary);
    if former_ids.len() > MAX_IDENTITIES {
        return Err(Rejection::TooManyIdentities);
    }
    let id = if context.switches.preserve_primary_id {
        primary.id
    } else {
        account.take_id()
    };
    let mut merged = merged(context, id, &primary, &secondary);
    merged.former_ids = former_ids;
    // Search goes on showing both contacts for the length of its lag.
    for old in [primary, secondary] {
        let old_id = old.id;
        account.search_lag.before_change(context, old_id, Some(old));
        account.remove(old_id);
    }
    account.search_lag.before_change(context, id, None);
    account.put(merged.clone());
    account.record(Write::new(context, id, WriteKind::Merged, &Values::new(), None));
    Ok(merged)
}

fn find_for_merge(account: &Account, id: &str) -> Result<Contact, Rejection> {
    let contact = find(account, id, None)?.and_then(|id| account.live(id));
    contact
        .cloned()
        .ok_or_else(|| Rejection::Merge(format!("Unable to find CONTACT {id} to merge.")))
}

fn former_ids(context: &Context<'_>, primary: &Contact, secondary: &Contact) -> Vec<ContactId> {
    let mut ids: Vec<ContactId> = primary
        .former_ids
        .iter()
        .chain(&secondary.former_ids)
        .copied()
        .collect();
    if !context.switches.preserve_primary_id {
        ids.push(primary.id);
    }
    ids.push(secondary.id);
    ids
}

fn merged(context: &Context<'_>, id: ContactId, primary: &Contact, secondary: &Contact) -> Contact {
    let mut merged = blank(context, id, Source::Merge);
    // Values of the primary contact replace those of the secondary one.
    merged.properties = secondary.properties.clone();
    merged.properties.extend(primary.properties.clone());
    merged.history = secondary.history.clone();
    merged.history.extend(primary.history.clone());
    // The primary address of the merged contact is the one that won above. All other addresses become secondary.
    let first = merged.email().map(str::to_owned);
    let others = primary
        .emails()
        .chain(secondary.emails())
        .filter(|email| Some(*email) != first.as_deref());
    merged.additional_emails = others.map(str::to_owned).collect();
    merged.created_at = primary.created_at.min(secondary.created_at);
    merged
}
