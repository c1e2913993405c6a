//! Creates a contact.
//! <https://developers.hubspot.com/docs/api-reference/latest/crm/objects/contacts/guide>

use super::{
    checks::{check_conflicts, check_required, check_values},
    erase::unblock,
};
use crate::model::{
    Account, Contact, Context, Rejection, Values, Write, WriteKind,
    contact::apply_values::{apply, blank},
};

/// The properties of which a new contact needs at least one.
const ONE_REQUIRED: [&str; 3] = ["email", "firstname", "lastname"];

/// The stage that HubSpot gives to new contacts without one.
const FIRST_STAGE: &str = "lead";

/// Creates a contact from values. Nothing changes if it is rejected.
pub(crate) fn create(
    account: &mut Account,
    context: &Context<'_>,
    values: &Values,
    trace_id: Option<&str>,
) -> Result<Contact, Rejection> {
    let mut contact = draft(account, context, values)?;
    check_conflicts(account, None, values)?;
    // Everything that can reject the request has been checked, so changes begin here.
    unblock(account, context, values);
    let id = account.take_id();
    contact.id = id;
    account.search_lag.before_change(context, id, None);
    account.put(contact.clone());
    account.record(Write::new(context, id, WriteKind::Created, values, trace_id));
    Ok(contact)
}

/// The new contact, still without its id. Values that are invalid in themselves are rejected.
pub(crate) fn draft(account: &Account, context: &Context<'_>, values: &Values) -> Result<Contact, Rejection> {
    check_values(account, context, values)?;
    let has_value = |name: &&str| values.get(*name).is_some_and(|value| !value.is_empty());
    if !ONE_REQUIRED.iter().any(has_value) {
        return Err(Rejection::RequiredOnCreate);
    }
    let mut contact = blank(context, crate::model::ContactId(0), context.source);
    apply(&account.properties, context, &mut contact, values);
    let stage = contact.properties.entry("lifecyclestage".to_owned());
    stage.or_insert_with(|| FIRST_STAGE.to_owned());
    check_required(context, &contact)?;
    Ok(contact)
}
