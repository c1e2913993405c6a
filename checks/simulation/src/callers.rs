//! Callers: changes to users, and changes that are sent twice.

use contracts::{Field, FieldResult, UpdateForm, Values};
use user::rules::Change;

use crate::{
    event::Event,
    fault::Fault,
    hubspot_model::{BAD, ODD},
    plan::SECOND,
    world::World,
};

/// A change as a caller sent it.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    user: usize,
    form: UpdateForm,
    fields: Values,
    if_match: Option<u64>,
    key: Option<String>,
}

impl World {
    /// Makes a change to some user.
    pub(crate) fn change(&mut self) {
        let users = self.plan.users;
        // A few users change all the time.
        let user = if self.random.chance(300) {
            self.random.index(3)
        } else {
            self.random.index(users)
        };
        let sent = self.draw_change(user);
        if self.strikes(Fault::ImportedLine) {
            return self.import(user, &sent.fields);
        }
        if self.strikes(Fault::RepeatedChange) {
            let at = self.now + self.random.below(30 * SECOND);
            self.agenda.plan(at, Event::RepeatChange(Box::new(sent.clone())));
        }
        self.send_change(&sent);
    }

    /// Gives a user something new.
    pub(crate) fn change_of(&mut self, user: usize) {
        let sent = self.draw_change(user);
        self.send_change(&sent);
    }

    /// Everybody is given a new name, as by an import, so that whatever holds for a name meets everybody.
    pub(crate) fn change_everyone(&mut self, name: Field) {
        for user in 0..self.plan.users {
            let mut sent = self.draw_change(user);
            let version = self.users.rows[user].version;
            sent.fields
                .insert(name, Some(format!("imported {user} after {version}")));
            self.send_change(&sent);
        }
    }

    /// The user service takes a change, or a change that it took before.
    pub(crate) fn send_change(&mut self, sent: &Sent) {
        let row = &self.users.rows[sent.user];
        let (version, generation) = (row.version, row.generation);
        let known = row.keys.iter().find(|used| Some(&used.key) == sent.key.as_ref());
        let known = known.map(|used| used.version);
        let touched = self.touched(sent);
        let change = Change {
            form: sent.form,
            fields: &sent.fields,
            if_match: sent.if_match,
            key: sent.key.as_deref(),
        };
        let result = self.users.change(sent.user, &change, self.now, &mut self.tally);
        self.trace(|| format!("change {sent:?}: {result:?}"));
        let row = &self.users.rows[sent.user];
        match (result, known) {
            (Ok(changed), Some(first)) if changed.version != first || row.generation != generation => {
                self.fail(&format!(
                    "u{}: a repeated change was taken for a new one",
                    sent.user
                ));
            }
            (Ok(changed), None) if changed.version != version + 1 => {
                self.fail(&format!("u{}: a change made no version", sent.user));
            }
            (Ok(changed), None) => {
                let history = &mut self.users.history[sent.user];
                for field in touched {
                    history[field].push(changed.version);
                }
            }
            (Err(_), _) if row.version != version => {
                self.fail(&format!("u{}: a refused change changed the row", sent.user));
            }
            (Ok(_), Some(_)) | (Err(_), _) => {}
        }
        self.announce_all();
    }

    /// The user service takes a line of an import; nobody is announced by it.
    fn import(&mut self, user: usize, fields: &Values) {
        let before = self.users.rows[user].clone();
        let differing: Vec<Field> = fields
            .iter()
            .filter(|(field, value)| {
                !is_same(**field, before.fields[**field].value.as_deref(), value.as_deref())
            })
            .map(|(field, _)| *field)
            .collect();
        let result = self.users.import(user, fields, self.now, &mut self.tally);
        self.trace(|| format!("import u{user} {fields:?}: {result:?}"));
        let row = &self.users.rows[user];
        match result {
            Ok(imported) if !differing.is_empty() => {
                if imported.version != before.version + 1 || imported.version != row.version {
                    return self.fail(&format!("u{user}: a line that differs made no version"));
                }
                for field in differing {
                    self.users.history[user][field].push(imported.version);
                }
            }
            Ok(_) | Err(_) if *row != before => {
                self.fail(&format!(
                    "u{user}: a line that was refused or differs in nothing changed the row"
                ));
            }
            Ok(_) | Err(_) => {}
        }
    }

    /// Which fields a change touches, by the rules' words.
    fn touched(&self, sent: &Sent) -> Vec<Field> {
        let own = &self.users.rows[sent.user].fields[Field::Email];
        let is_key = |field: Field, value: &Option<String>| {
            let same = own
                .value
                .as_ref()
                .zip(value.as_ref())
                .is_some_and(|(one, other)| one.to_lowercase() == other.to_lowercase());
            field == Field::Email
                && sent.form == UpdateForm::Json
                && same
                && !matches!(own.result, Some(FieldResult::Rejected { .. }))
        };
        let touched = sent
            .fields
            .iter()
            .filter(|(field, value)| !is_key(**field, value));
        touched.map(|(field, _)| *field).collect()
    }

    fn draw_change(&mut self, user: usize) -> Sent {
        let row = &self.users.rows[user];
        let (version, current) = (row.version, row.fields[Field::Email].value.clone());
        let form = if self.random.chance(500) {
            UpdateForm::Json
        } else {
            UpdateForm::MergePatch
        };
        let mut fields = Values::new();
        for field in [Field::FirstName, Field::LastName] {
            if self.random.chance(550) {
                let value = self.draw_name(user, field);
                fields.insert(field, value);
            }
        }
        let address = match current {
            None => Some(self.first_address(user)),
            Some(_) if self.random.chance(150) => Some(self.draw_address(user)),
            Some(own) if form == UpdateForm::Json || fields.is_empty() => Some(own),
            Some(_) => None,
        };
        fields.extend(address.map(|address| (Field::Email, Some(address))));
        self.drawn += 1;
        let key = self.random.chance(400).then(|| format!("k{}", self.drawn));
        let if_match = self
            .random
            .chance(50)
            .then(|| version - version.min(self.random.below(2)));
        Sent {
            user,
            form,
            fields,
            if_match,
            key,
        }
    }

    fn draw_name(&mut self, user: usize, field: Field) -> Option<String> {
        self.drawn += 1;
        let number = self.drawn;
        if self.plan.has(Fault::RefusedValue) && self.random.chance(60) {
            return Some(format!("{BAD}{number}"));
        }
        if self.plan.has(Fault::RefusedNameless) && self.random.chance(60) {
            return Some(format!("{ODD}{number}"));
        }
        match self.random.below(20) {
            0 => None,
            1 => self.users.rows[user].fields[field].value.clone(),
            _ => Some(format!("N{number}")),
        }
    }

    fn draw_address(&mut self, user: usize) -> String {
        self.drawn += 1;
        let number = self.drawn;
        if self.plan.has(Fault::InvalidEmail) && self.random.chance(200) {
            return format!("{BAD}{number}@x.io");
        }
        let may_be_taken = [Fault::TakenWithId, Fault::TakenWithoutId, Fault::OwnConflict]
            .into_iter()
            .any(|fault| self.plan.has(fault));
        if may_be_taken
            && self.random.chance(500)
            && let Some(address) = self.address_of_a_contact()
        {
            return address;
        }
        if self.random.chance(100) {
            return format!("U{user}.{number}@X.io");
        }
        format!("u{user}.{number}@x.io")
    }

    /// An address that some contact has, the primary or a secondary one.
    fn address_of_a_contact(&mut self) -> Option<String> {
        let contacts = self.hubspot.existing();
        if contacts.is_empty() {
            return None;
        }
        let contact = self.hubspot.contact(*self.random.pick(&contacts));
        let all: Vec<&String> = contact
            .additional
            .iter()
            .chain([&contact.values[Field::Email]])
            .filter(|address| !address.is_empty())
            .collect();
        (!all.is_empty()).then(|| (*self.random.pick(&all)).clone())
    }
}

/// Whether a line gives what is there.
fn is_same(field: Field, own: Option<&str>, given: Option<&str>) -> bool {
    match (own, given) {
        (Some(own), Some(given)) if field == Field::Email => own.to_lowercase() == given.to_lowercase(),
        (own, given) => own == given,
    }
}
