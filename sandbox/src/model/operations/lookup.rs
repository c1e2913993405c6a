//! Finds contacts by record id, address or a unique property.

use crate::model::{Account, Contact, ContactId, Context, Rejection, properties::email};

/// The id of the contact, not archived, that a request names. A former id finds the contact into which it was merged.
pub(crate) fn find(
    account: &Account,
    id: &str,
    id_property: Option<&str>,
) -> Result<Option<ContactId>, Rejection> {
    match id_property {
        None | Some("hs_object_id") => Ok(by_record_id(account, id)),
        Some("email") => Ok(account.holder(&email::normalized(id))),
        Some(property) if account.properties.is_unique(property) => Ok(account.unique_holder(property, id)),
        Some(property) => Err(Rejection::NotUnique(property.to_owned())),
    }
}

fn by_record_id(account: &Account, id: &str) -> Option<ContactId> {
    let id: ContactId = id.parse().ok()?;
    let current = account.successor(id).unwrap_or(id);
    account.live(current).map(|contact| contact.id)
}

/// The contact that a read names. A switch says whether former ids can be read.
pub(crate) fn read<'a>(
    account: &'a Account,
    context: &Context<'_>,
    id: &str,
    id_property: Option<&str>,
    archived: bool,
) -> Result<Option<&'a Contact>, Rejection> {
    if archived {
        let contact = id.parse().ok().and_then(|id| account.contact(id));
        return Ok(contact.filter(|contact| contact.is_archived()));
    }
    let is_former = id_property.is_none() && id.parse().is_ok_and(|id| account.successor(id).is_some());
    if is_former && !context.switches.former_ids_readable {
        return Ok(None);
    }
    Ok(find(account, id, id_property)?.and_then(|id| account.contact(id)))
}
