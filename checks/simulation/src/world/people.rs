//! What people do in HubSpot meanwhile.

use contracts::Field;

use super::World;
use crate::{fault::Fault, plan::SECOND};

impl World {
    /// Somebody in HubSpot does something to some contact.
    pub(super) fn people_act(&mut self, fault: Fault) {
        if fault == Fault::Created {
            return self.create_contact();
        }
        let contacts = self.hubspot.existing();
        if contacts.len() < 2 {
            return;
        }
        let contact = *self.random.pick(&contacts);
        self.drawn += 1;
        let number = self.drawn;
        match fault {
            Fault::Edited => {
                let field = *self.random.pick(&[Field::FIRST_NAME, Field::LAST_NAME]);
                self.hubspot.edit(contact, field, &format!("S{number}"));
            }
            Fault::AddressChanged => {
                self.hubspot.correct_address(contact, &format!("s{number}@x.io"));
            }
            Fault::SecondaryAdded => {
                self.hubspot.add_secondary(contact, &format!("s{number}@x.io"));
            }
            Fault::Archived => self.hubspot.archive(contact),
            Fault::Merged => {
                let other = *self.random.pick(&contacts);
                if other != contact {
                    self.hubspot.merge(contact, other, &mut self.random);
                }
            }
            Fault::Poison
            | Fault::ForbiddenContact
            | Fault::ScopelessContact
            | Fault::PathlessContact
            | Fault::ReadOnlyContact
            | Fault::LockedContact => {
                let longest = if fault == Fault::LockedContact { 4 } else { 240 };
                let until = self.now + self.random.between(1, longest) * SECOND;
                self.hubspot.contact_mut(contact).problem = Some((fault, until));
            }
            _ => {}
        }
        self.trace(|| format!("{fault:?} of contact {contact}"));
    }

    /// Somebody enters a user whose contact is not there.
    fn create_contact(&mut self) {
        let user = self.random.index(self.plan.users);
        let address = self.users.rows[user].address().map(str::to_owned);
        let address = address.unwrap_or_else(|| self.first_address(user));
        self.hubspot.create(&address);
    }
}
