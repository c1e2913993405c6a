//! What people do in HubSpot itself.

use contracts::{Field, PerField};

use super::{Contact, HubSpotModel, Writer};
use crate::random::Random;

impl HubSpotModel {
    /// A salesperson edits a name.
    pub(crate) fn edit(&mut self, contact: usize, field: Field, value: &str) {
        value.clone_into(&mut self.contacts[contact].values[field]);
        self.contacts[contact].writers[field] = Writer::Others;
    }

    /// A salesperson corrects an address; false where another contact holds it.
    pub(crate) fn correct_address(&mut self, contact: usize, address: &str) -> bool {
        let address = address.to_lowercase();
        if self.by_address.contains_key(&address) {
            return false;
        }
        self.set_primary(contact, &address);
        self.contacts[contact].writers[Field::EMAIL] = Writer::Others;
        true
    }

    /// Merges two contacts, into the second or into a new record.
    pub(crate) fn merge(&mut self, lost: usize, kept: usize, random: &mut Random) {
        let result = if random.chance(500) {
            let values = self.contacts[kept].values.clone();
            self.contacts.push(Contact {
                values,
                ..Contact::default()
            });
            let result = self.contacts.len() - 1;
            self.hand_over(kept, result);
            self.contacts[kept].merged_into = Some(result);
            result
        } else {
            kept
        };
        self.hand_over(lost, result);
        self.contacts[lost].merged_into = Some(result);
        // The person who merges decides which values stay.
        self.contacts[result].writers = PerField::default();
        if random.chance(300) {
            for field in [Field::FIRST_NAME, Field::LAST_NAME] {
                let value = self.contacts[lost].values[field].clone();
                self.contacts[result].values[field] = value;
            }
        }
    }

    /// Deletes a contact, as far as HubSpot's bin.
    pub(crate) fn archive(&mut self, contact: usize) {
        self.release_addresses(contact);
        self.contacts[contact].archived = true;
    }
}
