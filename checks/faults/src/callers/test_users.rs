//! The users of a run, and the changes to them.

use contracts::{Field, UpdateForm, Value, Values};
use rand::{RngExt, rngs::StdRng};

use crate::callers::accepted_changes::Change;

/// The share of changes that change the address. It is small because each one adds a secondary address to the contact.
const ADDRESS_CHANGES: f64 = 0.02;
const CLEARED: f64 = 0.1;

/// A user of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TestUser {
    /// How it is changed.
    pub kind: UserKind,
    /// The number among the users of its kind, from 0.
    pub number: usize,
}

/// How a user is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UserKind {
    /// Several callers change it all the time.
    Hot,
    /// It is changed for a short period only.
    Cold,
    /// It is one of two users whose addresses or contacts mix: see [`Pair`](super::pairs::Pair).
    Paired,
}

impl TestUser {
    /// Makes this many users of each kind.
    pub fn all(hot: usize, cold: usize, pairs: usize) -> Vec<Self> {
        let user = |kind| move |number| Self { kind, number };
        (0..hot)
            .map(user(UserKind::Hot))
            .chain((0..cold).map(user(UserKind::Cold)))
            .chain((0..2 * pairs).map(user(UserKind::Paired)))
            .collect()
    }

    /// The user's id.
    pub fn id(self) -> String {
        let kind = match self.kind {
            UserKind::Hot => "hot",
            UserKind::Cold => "cold",
            UserKind::Paired => "paired",
        };
        format!("{kind}-{}", self.number)
    }

    /// The first address of its contact.
    pub fn email(self) -> String {
        format!("{}@example.com", self.id())
    }

    /// An address that no contact has.
    pub fn fresh_email(self, number: u64) -> String {
        format!("{}.{number}@example.com", self.id())
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
            (Field::EMAIL, Some(self.email().into())),
            (Field::FIRST_NAME, Some(value("F", number))),
        ]);
        self.changed(number, self.form(), fields)
    }

    /// A random change of a hot or cold user. Each value is used only once, so that a value identifies its change.
    pub fn change(self, number: u64, random: &mut StdRng) -> Change {
        let mut fields = Values::new();
        let form = self.form();
        if form == UpdateForm::MergePatch && self.kind == UserKind::Hot {
            // Only hot users change their address: they are linked to a contact already. Without a link, a lookup by the new
            // address would find no contact.
            if random.random_bool(ADDRESS_CHANGES) {
                fields.insert(Field::EMAIL, Some(self.fresh_email(number).into()));
            }
        } else {
            fields.insert(Field::EMAIL, Some(self.email().into()));
        }
        fields.extend(names(form, number, random));
        self.changed(number, form, fields)
    }

    /// A random change of names. The address is not part of it, so that it does not take back a change of the address that is sent
    /// at the same time.
    pub fn change_of_names(self, number: u64, random: &mut StdRng) -> Change {
        let form = UpdateForm::MergePatch;
        let fields = if self.has_last_name() {
            names(form, number, random)
        } else {
            Values::from([(Field::FIRST_NAME, Some(value("F", number)))])
        };
        self.changed(number, form, fields)
    }

    /// In every other pair, one user never gives its last name, but gets contacts in which the other one has left its own.
    fn has_last_name(self) -> bool {
        self.number % 4 != 3
    }

    /// A change of the address, in some cases together with a name.
    pub fn change_of_address(self, number: u64, email: &str, random: &mut StdRng) -> Change {
        let mut fields = Values::from([(Field::EMAIL, Some(email.into()))]);
        if random.random_bool(0.5) {
            fields.insert(Field::FIRST_NAME, Some(value("F", number)));
        }
        self.changed(number, self.form(), fields)
    }

    fn changed(self, number: u64, form: UpdateForm, fields: Values) -> Change {
        Change {
            number,
            user: self.id(),
            form,
            fields,
        }
    }
}

fn names(form: UpdateForm, number: u64, random: &mut StdRng) -> Values {
    let mut fields = Values::new();
    let both = random.random_bool(0.3);
    let first = random.random_bool(0.5);
    if first || both {
        fields.insert(Field::FIRST_NAME, Some(value("F", number)));
    }
    if !first || both {
        let cleared = form == UpdateForm::MergePatch && random.random_bool(CLEARED);
        fields.insert(Field::LAST_NAME, (!cleared).then(|| value("L", number)));
    }
    fields
}

fn value(name: &str, number: u64) -> Value {
    format!("{name}{number}").into()
}
