//! Answers to batch reads by address: which contact has which address, as far as the answer says.

use std::collections::BTreeMap;

use contracts::Found;

use super::{AttemptId, Contact, Engine, InputError, ProblemKind, attempt::Lookup};

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
            let address = address.to_lowercase();
            if let Some((id, found)) = holders.get(&address) {
                return Lookup::Contact(id.clone(), *found);
            }
            let error = errors
                .iter()
                .find(|error| error.ids.iter().any(|id| id.to_lowercase() == address));
            match (error, contacts, asked) {
                (Some(error), _, _) if error.problem.kind == ProblemKind::NotFound => Lookup::Absent,
                (Some(error), _, _) => Lookup::Failed(error.problem.clone()),
                // Asked for nothing else, so this contact has it, as an address that it does not show.
                (None, [contact], [_]) => Lookup::Contact(contact.id.clone(), Found::SecondaryAddress),
                (None, _, _) => Lookup::Unlisted,
            }
        };
        self.each(attempts, |attempt, rules| attempt.looked_up(rules, lookup));
    }
}

/// How a contact that was found by an address has it.
pub(super) fn held_as(contact: &Contact, address: &str) -> Found {
    let primary = contact
        .email
        .as_ref()
        .is_some_and(|email| email.to_lowercase() == address);
    if primary {
        Found::PrimaryAddress
    } else {
        Found::SecondaryAddress
    }
}

/// Which contact has an address, and how. HubSpot does not say which address found a contact, so both kinds count.
fn index_by_address(contacts: &[Contact]) -> BTreeMap<String, (String, Found)> {
    let secondary = contacts.iter().flat_map(|contact| {
        let addresses = contact.additional_emails.iter();
        addresses.map(|address| {
            (
                address.to_lowercase(),
                (contact.id.clone(), Found::SecondaryAddress),
            )
        })
    });
    let primary = contacts.iter().filter_map(|contact| {
        Some((
            contact.email.as_ref()?.to_lowercase(),
            (contact.id.clone(), Found::PrimaryAddress),
        ))
    });
    // A primary address wins over a secondary one.
    secondary.chain(primary).collect()
}
