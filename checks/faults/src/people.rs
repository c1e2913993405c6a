//! The users of a run, and the changes that are made to them.

use contracts::{Field, UpdateForm, Values};
use rand::{RngExt, rngs::StdRng};

use crate::ledger::Change;

/// How often a caller changes an address where that is done at all: seldom, as each leaves a secondary address behind.
const ADDRESS_CHANGES: f64 = 0.02;
const CLEARED: f64 = 0.1;

/// A user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// Whether it is changed all the time, by several callers.
    pub hot: bool,
    /// Which one, from 0.
    pub number: usize,
}

impl Person {
    /// So many users.
    pub fn all(hot: usize, cold: usize) -> Vec<Self> {
        let person = |hot| move |number| Self { hot, number };
        (0..hot)
            .map(person(true))
            .chain((0..cold).map(person(false)))
            .collect()
    }

    /// Its id.
    pub fn id(self) -> String {
        let kind = if self.hot { "hot" } else { "cold" };
        format!("{kind}-{}", self.number)
    }

    /// The address of its contact.
    pub fn email(self) -> String {
        format!("{}@example.com", self.id())
    }

    /// Half of the users are changed as `application/json`, where the address is part of each change.
    fn form(self) -> UpdateForm {
        if self.number.is_multiple_of(2) {
            UpdateForm::Json
        } else {
            UpdateForm::MergePatch
        }
    }

    /// The change by which it is known at all.
    pub fn introduction(self, number: u64) -> Change {
        let fields = Values::from([
            (Field::Email, Some(self.email())),
            (Field::FirstName, Some(value("F", number))),
        ]);
        self.changed(number, fields)
    }

    /// Some change. A value is given once only, so that it tells the change it came from.
    pub fn change(self, number: u64, random: &mut StdRng) -> Change {
        let mut fields = Values::new();
        let form = self.form();
        if form == UpdateForm::MergePatch && self.hot {
            // Its contact is known by now: found by an address that nobody has yet, it would be missing.
            if random.random_bool(ADDRESS_CHANGES) {
                let email = format!("{}.{number}@example.com", self.id());
                fields.insert(Field::Email, Some(email));
            }
        } else {
            fields.insert(Field::Email, Some(self.email()));
        }
        let both = random.random_bool(0.3);
        let first = random.random_bool(0.5);
        if first || both {
            fields.insert(Field::FirstName, Some(value("F", number)));
        }
        if !first || both {
            let cleared = form == UpdateForm::MergePatch && random.random_bool(CLEARED);
            fields.insert(Field::LastName, (!cleared).then(|| value("L", number)));
        }
        self.changed(number, fields)
    }

    fn changed(self, number: u64, fields: Values) -> Change {
        Change {
            number,
            user: self.id(),
            form: self.form(),
            fields,
        }
    }
}

fn value(name: &str, number: u64) -> String {
    format!("{name}{number}")
}
