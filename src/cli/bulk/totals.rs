//! Adds up the counts of several answers.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::{ExitStatus, terminal::text};

/// The sums of some members of all answers so far, and the named users that do not exist.
pub(crate) struct Totals {
    counts: BTreeMap<&'static str, u64>,
    unknown_users: Vec<Value>,
}

impl Totals {
    /// Starts at zero. `members` are the names of the answers' counts.
    pub(crate) fn new(members: &[&'static str]) -> Self {
        Self {
            counts: members.iter().map(|member| (*member, 0)).collect(),
            unknown_users: Vec::new(),
        }
    }

    /// Adds the counts of one answer, and returns the sum of all members.
    pub(crate) fn add(&mut self, answer: &Value) -> u64 {
        for (member, count) in &mut self.counts {
            *count += answer[*member].as_u64().unwrap_or(0);
        }
        let unknown = answer["unknown"].as_array().into_iter().flatten();
        self.unknown_users.extend(unknown.cloned());
        self.counts.values().sum()
    }

    /// The sum of one member.
    pub(crate) fn count(&self, member: &str) -> u64 {
        self.counts.get(member).copied().unwrap_or(0)
    }

    /// The totals in the form of one answer.
    pub(crate) fn document(&self) -> Value {
        let mut document = json!(self.counts);
        if !self.unknown_users.is_empty() {
            document["unknown"] = self.unknown_users.clone().into();
        }
        document
    }

    /// One line for each named user that does not exist, each with a line break before it.
    pub(crate) fn unknown_user_lines(&self) -> String {
        let mut lines = String::new();
        for user in &self.unknown_users {
            lines = format!("{lines}\nthere is no user {}", text(user));
        }
        lines
    }

    /// Succeeds unless a named user does not exist.
    pub(crate) fn exit_status(&self) -> ExitStatus {
        if self.unknown_users.is_empty() {
            ExitStatus::Success
        } else {
            ExitStatus::UnknownUser
        }
    }
}
