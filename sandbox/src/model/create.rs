//! Creates a contact.
//! <https://developers.hubspot.com/docs/api-reference/latest/crm/objects/contacts/guide>

use super::{
    Account, Contact, Context, Refusal, Values, Write, WriteKind,
    admin_rules::required_by_admin,
    erasure::{blocked, unblock},
    history::{apply, blank},
    update::conflict,
    values::faults,
};

/// A create needs a value for at least one of these.
const ONE_REQUIRED: [&str; 3] = ["email", "firstname", "lastname"];

/// The stage HubSpot gives to contacts that come without one.
const FIRST_STAGE: &str = "lead";

/// Creates a contact from values; nothing changes if it is refused.
pub(crate) fn create(
    account: &mut Account,
    context: &Context<'_>,
    values: &Values,
    trace_id: Option<&str>,
) -> Result<Contact, Refusal> {
    let mut contact = draft(account, context, values)?;
    if let Some(refusal) = conflict(account, None, values) {
        return Err(refusal);
    }
    unblock(account, context, values);
    let id = account.take_id();
    contact.id = id;
    account.search_lag.before_change(context, id, None);
    account.put(contact.clone());
    account.record(Write::new(context, id, WriteKind::Created, values, trace_id));
    Ok(contact)
}

/// The contact as it would be but for its id, unless something is wrong with the values alone.
pub(crate) fn draft(account: &Account, context: &Context<'_>, values: &Values) -> Result<Contact, Refusal> {
    let mut faults = faults(&account.properties, context, values);
    faults.extend(blocked(account, context, values));
    if !faults.is_empty() {
        return Err(Refusal::Properties(faults));
    }
    let has_value = |name: &&str| values.get(*name).is_some_and(|value| !value.is_empty());
    if !ONE_REQUIRED.iter().any(has_value) {
        return Err(Refusal::RequiredOnCreate);
    }
    let mut contact = blank(context, super::ContactId(0), context.source);
    apply(&account.properties, context, &mut contact, values);
    let stage = contact.properties.entry("lifecyclestage".to_owned());
    stage.or_insert_with(|| FIRST_STAGE.to_owned());
    match required_by_admin(context, &contact) {
        None => Ok(contact),
        Some(fault) => Err(Refusal::Properties(vec![fault])),
    }
}
