//! Merges two contacts into one.
//! <https://developers.hubspot.com/docs/api-reference/latest/crm/objects/contacts/guide>

use super::{
    Account, Contact, ContactId, Context, Refusal, Source, Values, Write, WriteKind, history::blank,
    lookup::find,
};

/// HubSpot's bound on the ids that one contact can have had.
/// <https://developers.hubspot.com/docs/api-reference/error-handling>
const MOST_IDENTITIES: usize = 250;

/// Merges `secondary` into `primary`: the primary's values win, addresses of both are kept.
///
/// The result has a new id unless the account preserves primary ids; the ids it leaves behind become former ids.
pub(crate) fn merge(
    account: &mut Account,
    context: &Context<'_>,
    primary: &str,
    secondary: &str,
) -> Result<Contact, Refusal> {
    let primary = found(account, primary)?;
    let secondary = found(account, secondary)?;
    if primary.id == secondary.id {
        return Err(Refusal::Merge("Cannot merge a CONTACT with itself.".to_owned()));
    }
    let former_ids = former_ids(context, &primary, &secondary);
    if former_ids.len() > MOST_IDENTITIES {
        return Err(Refusal::TooManyIdentities);
    }
    let id = if context.switches.preserve_primary_id {
        primary.id
    } else {
        account.take_id()
    };
    let mut merged = merged(context, id, &primary, &secondary);
    merged.former_ids = former_ids;
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

fn found(account: &Account, id: &str) -> Result<Contact, Refusal> {
    let contact = find(account, id, None)?.and_then(|id| account.live(id));
    contact
        .cloned()
        .ok_or_else(|| Refusal::Merge(format!("Unable to find CONTACT {id} to merge.")))
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
    merged.properties = secondary.properties.clone();
    merged.properties.extend(primary.properties.clone());
    merged.history = secondary.history.clone();
    merged.history.extend(primary.history.clone());
    let first = merged.email().map(str::to_owned);
    let others = primary
        .emails()
        .chain(secondary.emails())
        .filter(|email| Some(*email) != first.as_deref());
    merged.additional_emails = others.map(str::to_owned).collect();
    merged.created_at = primary.created_at.min(secondary.created_at);
    merged
}
