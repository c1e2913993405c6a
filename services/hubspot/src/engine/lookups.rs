//! Answers to batch reads by address: which contact has which address, as far as the answer says.

use std::collections::BTreeMap;

use contracts::{LinkOrigin, Reason, lowercase_address};

use super::{AttemptId, CallError, CallErrorKind, Contact, Engine, InputError, attempt::Lookup};

impl Engine {
    /// A batch read was answered.
    pub(super) fn check_lookups(
        &mut self,
        attempts: &[AttemptId],
        asked: &[String],
        contacts: &[Contact],
        errors: &[InputError],
    ) {
        let holders = index_by_address(contacts);
        let lookup = |address: &str| {
            let address = lowercase_address(address);
            if let Some((id, found)) = holders.get(&address) {
                return Lookup::Contact(id.clone(), *found);
            }
            let error = errors
                .iter()
                .find(|error| error.ids.iter().any(|id| lowercase_address(id) == address));
            match (error, contacts, asked) {
                (Some(error), _, _) if error.error.kind == CallErrorKind::NotFound => Lookup::Absent,
                (Some(error), _, _) => Lookup::Failed(error.error.clone()),
                // Nothing else was asked for, so HubSpot found this contact by the address.
                (None, [contact], [_]) if contact.may_hide(&address) => {
                    Lookup::Contact(contact.id.clone(), LinkOrigin::SecondaryAddress)
                }
                (None, _, _) => Lookup::Unlisted,
            }
        };
        self.each(attempts, |attempt, rules| attempt.looked_up(rules, lookup));
    }
}

/// What a lookup of one address, which is in lower case, says when it returns this contact. HubSpot finds contacts by its own idea of which
/// addresses are equal, so the contact has to show the address, or hide its secondary ones.
pub(super) fn found_alone(contact: &Contact, address: &str) -> Lookup {
    let hidden = contact.may_hide(address).then_some(LinkOrigin::SecondaryAddress);
    if let Some(found) = contact.shows(address).or(hidden) {
        return Lookup::Contact(contact.id.clone(), found);
    }
    let reason = Reason::ours(
        "ADDRESS_NOT_SHOWN",
        "HubSpot returned a contact that has other addresses than the one that was looked up",
    );
    Lookup::Failed(CallError {
        kind: CallErrorKind::UnexpectedStatus,
        reason,
    })
}

/// Which contact holds an address, and how. HubSpot does not say which address found a contact, so both kinds count.
fn index_by_address(contacts: &[Contact]) -> BTreeMap<String, (String, LinkOrigin)> {
    let secondary = contacts.iter().flat_map(|contact| {
        let addresses = contact.secondary_addresses().iter();
        addresses.map(|address| {
            (
                lowercase_address(address),
                (contact.id.clone(), LinkOrigin::SecondaryAddress),
            )
        })
    });
    let primary = contacts.iter().filter_map(|contact| {
        let address = lowercase_address(contact.email.as_ref()?);
        Some((address, (contact.id.clone(), LinkOrigin::PrimaryAddress)))
    });
    // A primary address wins over a secondary one.
    secondary.chain(primary).collect()
}
