//! The users of a run, and the changes to them.

use contracts::{Field, UpdateForm, Values};
use rand::{RngExt, rngs::StdRng};

use crate::callers::accepted_changes::Change;

/// The share of changes that change the address. It is small because each one adds a secondary address to the contact.
const ADDRESS_CHANGES: f64 = 0.02;
const CLEARED: f64 = 0.1;

/// A user of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TestUser {
    /// Whether several callers change it all the time.
    pub hot: bool,
    /// The number, from 0.
    pub number: usize,
}

impl TestUser {
    /// Makes this many users.
    pub fn all(hot: usize, cold: usize) -> Vec<Self> {
        let user = |hot| move |number| Self { hot, number };
        (0..hot)
            .map(user(true))
            .chain((0..cold).map(user(false)))
            .collect()
    }

    /// The user's id.
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

    /// The change that creates the user.
    pub fn first_change(self, number: u64) -> Change {
        let fields = Values::from([
            (Field::EMAIL, Some(self.email())),
            (Field::FIRST_NAME, Some(value("F", number))),
        ]);
        self.changed(number, fields)
    }

    /// A random change. Each value is used only once, so that a value identifies its change.
    pub fn change(self, number: u64, random: &mut StdRng) -> Change {
        let mut fields = Values::new();
        let form = self.form();
        if form == UpdateForm::MergePatch && self.hot {
            // Only hot users change their address: they are linked to a contact already. Without a link, a lookup by the new
            // address would find no contact.
            if random.random_bool(ADDRESS_CHANGES) {
                let email = format!("{}.{number}@example.com", self.id());
                fields.insert(Field::EMAIL, Some(email));
            }
        } else {
            fields.insert(Field::EMAIL, Some(self.email()));
        }
        let both = random.random_bool(0.3);
        let first = random.random_bool(0.5);
        if first || both {
            fields.insert(Field::FIRST_NAME, Some(value("F", number)));
        }
        if !first || both {
            let cleared = form == UpdateForm::MergePatch && random.random_bool(CLEARED);
            fields.insert(Field::LAST_NAME, (!cleared).then(|| value("L", number)));
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
