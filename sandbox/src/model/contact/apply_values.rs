//! Writes validated values to a contact, and to the history of its properties.

use crate::{
    model::{
        Contact, Context, PastValue, Source, Values,
        properties::{Properties, email, validation::stored},
    },
    settings::OldEmail,
};

/// At most this many values of a property are in its history, as at HubSpot.
const MAX_PAST_VALUES: usize = 20;

/// Writes validated values.
pub(crate) fn apply(properties: &Properties, context: &Context<'_>, contact: &mut Contact, values: &Values) {
    let mut has_changed = false;
    for (name, value) in values {
        has_changed |= match name.as_str() {
            "email" => set_email(context, contact, value),
            "hs_additional_emails" => set_additional_emails(contact, value),
            _ => {
                let before = contact.properties.get(name).map(String::as_str);
                let after = stored(properties, name, value, before);
                set(context, contact, name, after)
            }
        };
    }
    if has_changed || context.switches.equal_values_touch {
        contact.updated_at = context.now;
    }
}

fn set_email(context: &Context<'_>, contact: &mut Contact, value: &str) -> bool {
    let new = Some(email::normalized(value)).filter(|email| !email.is_empty());
    let old = contact.email().map(str::to_owned);
    if new == old {
        return false;
    }
    // A secondary address that becomes the primary one must not be listed twice.
    contact
        .additional_emails
        .retain(|secondary| Some(secondary) != new.as_ref());
    if let (Some(old), Some(_), OldEmail::Kept) = (old, &new, context.switches.old_email) {
        contact.additional_emails.push(old);
    }
    set(context, contact, "email", new)
}

fn set_additional_emails(contact: &mut Contact, value: &str) -> bool {
    let mut emails: Vec<String> = Vec::new();
    for address in value.split(';').map(email::normalized) {
        // The primary address and repeated addresses are left out.
        if !address.is_empty() && contact.email() != Some(&address) && !emails.contains(&address) {
            emails.push(address);
        }
    }
    let has_changed = emails != contact.additional_emails;
    contact.additional_emails = emails;
    has_changed
}

/// Sets or clears one property and adds the value to its history. Returns false if the value is unchanged.
pub(crate) fn set(context: &Context<'_>, contact: &mut Contact, name: &str, value: Option<String>) -> bool {
    if contact.properties.get(name) == value.as_ref() {
        return false;
    }
    let past = PastValue {
        value: value.clone().unwrap_or_default(),
        timestamp: context.now,
        source: context.source,
        author: context.author.to_owned(),
    };
    let history = contact.history.entry(name.to_owned()).or_default();
    history.insert(0, past);
    history.truncate(MAX_PAST_VALUES);
    match value {
        Some(value) => contact.properties.insert(name.to_owned(), value),
        None => contact.properties.remove(name),
    };
    true
}

/// A contact without any values.
pub(crate) fn blank(context: &Context<'_>, id: crate::model::ContactId, source: Source) -> Contact {
    Contact {
        id,
        properties: Values::new(),
        additional_emails: Vec::new(),
        former_ids: Vec::new(),
        created_at: context.now,
        updated_at: context.now,
        archived_at: None,
        source,
        history: std::collections::BTreeMap::new(),
    }
}
