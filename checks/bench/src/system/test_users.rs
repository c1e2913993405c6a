//! The users of a run.

use serde_json::{Value, json};

/// The purpose of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Belongs to the backlog.
    Backlog,
    /// Is changed while nothing else is delivered.
    Idle,
    /// Is changed while other users are delivered.
    Busy,
}

/// A user of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TestUser {
    /// The purpose.
    pub group: Group,
    /// The number, from 0.
    pub number: usize,
}

impl Group {
    /// This many users of the group.
    pub fn users(self, count: usize) -> impl Iterator<Item = TestUser> {
        (0..count).map(move |number| TestUser { group: self, number })
    }

    /// The beginning of the group's ids, which differs from those of other groups.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Backlog => "backlog-",
            Self::Idle => "idle-",
            Self::Busy => "busy-",
        }
    }
}

impl TestUser {
    /// The user's id.
    pub fn id(self) -> String {
        format!("{}{}", self.group.prefix(), self.number)
    }

    /// The address of the user and of the contact.
    pub fn email(self) -> String {
        format!("{}@example.com", self.id())
    }

    /// A change of both names. Each round has different values.
    pub fn change(self, round: u32) -> Value {
        json!({ "email": self.email(), "firstName": format!("Ada {round}"), "lastName": format!("Lovelace {round}") })
    }
}
