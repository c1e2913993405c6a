//! The users of a run, and their contacts.

use serde_json::{Value, json};

/// What a user is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Is drained.
    Backlog,
    /// Is changed alone, while nothing else goes on.
    Idle,
    /// Is changed alone, while the backlog drains.
    Busy,
}

/// A user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// What for.
    pub group: Group,
    /// Which one, from 0.
    pub number: usize,
}

impl Group {
    /// So many of the group.
    pub fn people(self, count: usize) -> impl Iterator<Item = Person> {
        (0..count).map(move |number| Person { group: self, number })
    }

    /// What the ids of the group begin with, and no other's.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Backlog => "backlog-",
            Self::Idle => "idle-",
            Self::Busy => "busy-",
        }
    }
}

impl Person {
    /// The user's id.
    pub fn id(self) -> String {
        format!("{}{}", self.group.prefix(), self.number)
    }

    /// The address of the user and of the contact.
    pub fn email(self) -> String {
        format!("{}@example.com", self.id())
    }

    /// A change of both names; each round has its own.
    pub fn change(self, round: u32) -> Value {
        json!({ "email": self.email(), "firstName": format!("Ada {round}"), "lastName": format!("Lovelace {round}") })
    }
}
