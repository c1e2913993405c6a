//! Writes to one contact, and whether the newest value is the last one written.

use contracts::{Field, Values};
use hubspot::engine::{CallError, CallErrorKind};

use super::{Author, FORM, ForeignWrite, HubSpotModel, Writer, kept, problem, text};
use crate::{agenda::Time, fault::Fault, random::Random};

impl HubSpotModel {
    /// Writes to a contact that exists, all values or none.
    pub(super) fn write(
        &mut self,
        contact: usize,
        values: &Values,
        author: Option<&Author>,
        now: Time,
        random: &mut Random,
    ) -> Result<(), Box<CallError>> {
        self.check_values(values, random)?;
        if let Some(address) = values.get(&Field::EMAIL) {
            let address = text(address.as_ref()).to_lowercase();
            self.check_address(contact, &address, random)?;
        }
        self.written_at = now;
        for (field, value) in values {
            self.put(contact, *field, text(value.as_ref()), author, now);
        }
        Ok(())
    }

    fn check_address(
        &mut self,
        contact: usize,
        address: &str,
        random: &mut Random,
    ) -> Result<(), Box<CallError>> {
        let Some(holder) = self.holder(address) else {
            return Ok(());
        };
        let is_primary = self.contacts[holder].values[Field::EMAIL] == address;
        if holder == contact && (is_primary || !self.has_habit(Fault::OwnConflict) || random.chance(500)) {
            return Ok(());
        }
        if holder == contact {
            self.occurred.push(Fault::OwnConflict);
        }
        Err(Box::new(self.address_held()))
    }

    /// The conflict about an address that a contact holds.
    pub(super) fn address_held(&mut self) -> CallError {
        self.occurred.push(Fault::Conflict);
        problem(CallErrorKind::Conflict, "CONFLICT")
    }

    fn put(&mut self, contact: usize, field: Field, value: &str, author: Option<&Author>, now: Time) {
        let kept = kept(field, value);
        if kept != value {
            self.occurred.push(if value.starts_with(FORM) {
                Fault::OtherForm
            } else {
                Fault::ReplacedValue
            });
        }
        if field == Field::EMAIL {
            self.set_primary(contact, &value.to_lowercase());
        } else {
            kept.clone_into(&mut self.contacts[contact].values[field]);
        }
        if author.is_some() {
            self.contacts[contact].accepted[field].push(value.to_owned());
            self.contacts[contact].took[field].push(kept);
        }
        let Some(author) = author.filter(|author| author.is_sure) else {
            self.contacts[contact].writers[field] = Writer::Others;
            return;
        };
        let written_at = std::mem::replace(&mut self.contacts[contact].written_at[field], now);
        if let Writer::User {
            user: other,
            is_sharing,
            ..
        } = self.contacts[contact].writers[field]
            && other != author.user
        {
            self.foreign_writes.push(ForeignWrite {
                author: author.clone(),
                other,
                contact,
                written_at,
                was_shared: is_sharing,
            });
        }
        let changed_in = author.changed_in[field];
        let mut newest = changed_in;
        if let Writer::User {
            user,
            changed_in: before,
            newest: most,
            ..
        } = self.contacts[contact].writers[field]
            && user == author.user
        {
            newest = newest.max(most);
            if changed_in < before {
                self.backwards.push((author.clone(), before));
            }
            self.restored += u64::from(before < most && changed_in >= most);
        }
        self.contacts[contact].writers[field] = Writer::User {
            user: author.user,
            changed_in,
            newest,
            is_sharing: author.is_sharing,
        };
    }
}
