//! Which contact answers to an address.

use contracts::{Field, Value, Values};
use hubspot::engine::{
    CallErrorKind, Contact as Shown, ContactKey, InspectedContacts, Inspection, Profile, Response,
    WrittenContact,
};

use super::{HubSpotModel, answers::about, problem, text};
use crate::{fault::Fault, random::Random};

impl HubSpotModel {
    /// A contact as answers show it. It answers to every address that it shows.
    pub(super) fn shown(&mut self, contact: usize) -> Shown {
        let hides_secondary = self.has_habit(Fault::HiddenSecondary);
        let former_ids = self.former_ids(contact);
        let found = self.contact_mut(contact);
        let primary = found.values[Field::EMAIL].clone();
        found.answered_to.insert(primary);
        if !hides_secondary {
            let additional = found.additional.clone();
            found.answered_to.extend(additional);
        }
        let email = &found.values[Field::EMAIL];
        Shown {
            id: Self::id(contact),
            email: (!email.is_empty()).then(|| email.clone()),
            additional_emails: (!hides_secondary).then(|| found.additional.clone()),
            former_ids,
        }
    }

    /// A contact as the answer to a write shows it: with the written fields.
    pub(super) fn written(
        &mut self,
        contact: usize,
        written: &Values,
        trace_id: Option<&str>,
    ) -> WrittenContact {
        let is_written = |field: &Field| written.contains_key(field);
        if self.hides(Field::LAST_NAME) && is_written(&Field::LAST_NAME) {
            self.occurred.push(Fault::HiddenProperty);
        }
        WrittenContact {
            contact_id: Self::id(contact),
            trace_id: trace_id.map(str::to_owned),
            values: self.values(contact, is_written),
            additional_emails: None,
        }
    }

    /// These answers show no values.
    pub(super) fn hide_values(&mut self, results: &mut [WrittenContact]) {
        self.occurred.push(Fault::UnshownValues);
        for result in results {
            result.values.clear();
        }
    }

    /// Whether no answer shows this field.
    fn hides(&self, field: Field) -> bool {
        field == Field::LAST_NAME && self.has_habit(Fault::HiddenProperty)
    }

    /// Contacts as they are read back after they were written.
    pub(super) fn read_back(&mut self, contact_ids: &[String]) -> InspectedContacts {
        let mut inspected = InspectedContacts::default();
        let mut absent = Vec::new();
        for id in contact_ids {
            let Some(contact) = self.reachable(id) else {
                absent.push(id.clone());
                continue;
            };
            let additional = self.contacts[contact].additional.clone();
            let values = self.values(contact, |_| true);
            let email = values.get(&Field::EMAIL).cloned().flatten();
            let email = email.as_ref().and_then(Value::as_text).map(str::to_owned);
            self.remember_read(contact, &values, &additional);
            inspected.contacts.push(Profile {
                contact: Shown {
                    id: Self::id(contact),
                    email,
                    additional_emails: (!self.has_habit(Fault::HiddenSecondary)).then_some(additional),
                    former_ids: self.former_ids(contact),
                },
                values,
            });
        }
        if !absent.is_empty() {
            let missing = problem(CallErrorKind::NotFound, "OBJECT_NOT_FOUND");
            inspected.errors.push(about(absent, Vec::new(), missing));
        }
        inspected
    }

    /// Remembers what a read showed, to be compared with what is made of it.
    fn remember_read(&mut self, contact: usize, values: &Values, additional: &[String]) {
        let contact = &mut self.contacts[contact];
        for field in Field::BUILT_IN {
            let shown = values.get(&field).map(|value| text(value.as_ref()).to_owned());
            contact.read_back[field].push(shown);
        }
        let primary = values.get(&Field::EMAIL).and_then(Option::as_ref);
        let primary = primary.and_then(Value::as_text).map(str::to_owned);
        let addresses = primary.into_iter().chain(additional.iter().cloned());
        contact.read_addresses.push(addresses.collect());
    }

    /// The values of some of a contact's fields, as answers show them.
    fn values(&self, contact: usize, is_wanted: impl Fn(&Field) -> bool) -> Values {
        let held = &self.contacts[contact].values;
        let wanted = Field::BUILT_IN.into_iter().filter(is_wanted);
        let wanted = wanted.filter(|field| !self.hides(*field));
        wanted
            .map(|field| {
                (
                    field,
                    Some(&held[field])
                        .filter(|value| !value.is_empty())
                        .map(|value| value.as_str().into()),
                )
            })
            .collect()
    }

    /// Contacts as they are read to be compared; nobody is found by that.
    pub(super) fn inspect(&self, inspection: &Inspection) -> InspectedContacts {
        let mut inspected = InspectedContacts::default();
        let mut absent = Vec::new();
        for key in &inspection.keys {
            let contact = match inspection.by {
                ContactKey::Id => self.reachable(key),
                ContactKey::Address => self.holder(key),
            };
            match contact {
                Some(contact) => inspected.contacts.push(Profile {
                    contact: Shown {
                        id: Self::id(contact),
                        ..Shown::default()
                    },
                    ..Profile::default()
                }),
                None => absent.push(key.clone()),
            }
        }
        if !absent.is_empty() {
            let missing = problem(CallErrorKind::NotFound, "OBJECT_NOT_FOUND");
            inspected.errors.push(about(absent, Vec::new(), missing));
        }
        inspected
    }

    pub(super) fn find_one(&mut self, address: &str) -> Option<usize> {
        let found = self.holder(address);
        match found {
            Some(contact) => {
                let is_primary = self.contacts[contact].values[Field::EMAIL] == address;
                if self.has_habit(Fault::HiddenSecondary) && !is_primary {
                    self.occurred.push(Fault::HiddenSecondary);
                }
                self.contacts[contact].answered_to.insert(address.to_owned());
            }
            None => drop(self.not_found.insert(address.to_owned())),
        }
        found
    }

    pub(super) fn find(
        &mut self,
        addresses: &[String],
        fault: Option<Fault>,
        random: &mut Random,
    ) -> Response {
        let mut contacts = Vec::new();
        let mut absent = Vec::new();
        let mut errors = Vec::new();
        let odd_one = random.index(addresses.len());
        for (index, address) in addresses.iter().enumerate() {
            match fault.filter(|_| index == odd_one) {
                Some(Fault::LookupForgets) => {
                    self.occurred.push(Fault::LookupForgets);
                    continue;
                }
                Some(Fault::LookupFails) => {
                    self.occurred.push(Fault::LookupFails);
                    let kind = if random.chance(500) {
                        CallErrorKind::Locked
                    } else {
                        CallErrorKind::UnknownCategory
                    };
                    let problem = problem(kind, "RECORD_LOOKUP");
                    errors.push(about(vec![address.clone()], Vec::new(), problem));
                    continue;
                }
                _ => {}
            }
            match self.find_one(address) {
                Some(contact) => {
                    let shown = self.shown(contact);
                    if !contacts.contains(&shown) {
                        contacts.push(shown);
                    }
                }
                None => absent.push(address.clone()),
            }
        }
        random.shuffle(&mut contacts);
        if !absent.is_empty() {
            let missing = problem(CallErrorKind::NotFound, "OBJECT_NOT_FOUND");
            errors.push(about(absent, Vec::new(), missing));
        }
        Response::Found { contacts, errors }
    }
}
