//! Combines the notices between two events: every change is counted, and some users are named.

use std::collections::BTreeMap;

use contracts::{AcceptedNotice, ResolvedNotice, SyncState, UserId};
use runtime::nats::from_object;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The maximum number of users that an event names. A person cannot read more in a fifth of a second.
const MAX_NAMED: usize = 40;

/// The changes between two events.
#[derive(Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct ChangeBatch {
    /// How many changes were accepted, without those that change nothing.
    accepted: u64,
    /// How many users were resolved, by the state of their last version.
    resolved: BTreeMap<SyncState, u64>,
    /// Some of these users, the latest last.
    #[schemars(length(max = MAX_NAMED))]
    users: Vec<NamedUser>,
}

/// A user with the state of its version.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct NamedUser {
    /// The user.
    user_id: UserId,
    /// The version.
    version: u64,
    /// The state of the version.
    state: SyncState,
}

impl ChangeBatch {
    pub(super) fn is_empty(&self) -> bool {
        self.accepted == 0 && self.resolved.is_empty()
    }

    /// Adds a notice of accepted changes.
    pub(super) fn add_accepted(&mut self, payload: &[u8]) {
        let Some(notice) = parse::<AcceptedNotice>(payload) else {
            return;
        };
        self.accepted += notice.changes;
        for user in notice.users {
            self.name(user.user_id, user.version, SyncState::Pending);
        }
    }

    /// Adds a notice of resolved users.
    pub(super) fn add_resolved(&mut self, payload: &[u8]) {
        let Some(notice) = parse::<ResolvedNotice>(payload) else {
            return;
        };
        for user in notice.users {
            *self.resolved.entry(user.state).or_default() += 1;
            self.name(user.user_id, user.version, user.state);
        }
    }

    /// Names a user, each at most once. When all places are taken, a user with a problem replaces one without.
    fn name(&mut self, user_id: UserId, version: u64, state: SyncState) {
        let user = NamedUser {
            user_id,
            version,
            state,
        };
        if let Some(known) = self.users.iter_mut().find(|known| known.user_id == user.user_id) {
            // The two kinds of notices have different subjects, so a result can arrive before the notice of its change. The
            // change must not replace the result.
            let is_older = (user.version, user.state != SyncState::Pending)
                < (known.version, known.state != SyncState::Pending);
            if !is_older {
                *known = user;
            }
            return;
        }
        if self.users.len() < MAX_NAMED {
            self.users.push(user);
        } else if is_problem(user.state)
            && let Some(replaced) = self.users.iter_mut().find(|known| !is_problem(known.state))
        {
            *replaced = user;
        }
    }
}

fn is_problem(state: SyncState) -> bool {
    matches!(
        state,
        SyncState::Rejected | SyncState::Conflict | SyncState::Failed | SyncState::NotFound
    )
}

fn parse<T: Serialize + DeserializeOwned>(payload: &[u8]) -> Option<T> {
    match from_object(payload) {
        Ok(notice) => Some(notice),
        Err(error) => {
            tracing::debug!(%error, "cannot read a notice of changes");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use contracts::{AcceptedUser, ResolvedUser};
    use serde_json::{Value, json};

    use super::*;

    fn accept(batch: &mut ChangeBatch, changes: u64, users: &[(&str, u64)]) {
        let users = users.iter().map(|(user, version)| AcceptedUser {
            user_id: user.parse().expect("a valid id"),
            version: *version,
        });
        let users = users.collect();
        let notice = AcceptedNotice { changes, users };
        batch.add_accepted(&serde_json::to_vec(&notice).expect("a notice"));
    }

    fn resolve(batch: &mut ChangeBatch, users: &[(&str, u64, SyncState)]) {
        let users = users.iter().map(|(user, version, state)| ResolvedUser {
            user_id: user.parse().expect("a valid id"),
            version: *version,
            state: *state,
        });
        let users = users.collect();
        batch.add_resolved(&serde_json::to_vec(&ResolvedNotice { users }).expect("a notice"));
    }

    fn data(batch: &ChangeBatch) -> Value {
        serde_json::to_value(batch).expect("data")
    }

    #[test]
    fn changes_and_results_are_counted_and_each_user_is_named_once() {
        let mut batch = ChangeBatch::default();
        assert!(batch.is_empty());
        accept(&mut batch, 5, &[("u1", 7), ("u2", 1)]);
        resolve(
            &mut batch,
            &[("u1", 7, SyncState::Confirmed), ("u3", 2, SyncState::Rejected)],
        );
        let expected = json!({
            "accepted": 5,
            "resolved": { "confirmed": 1, "rejected": 1 },
            "users": [
                { "userId": "u1", "version": 7, "state": "confirmed" },
                { "userId": "u2", "version": 1, "state": "pending" },
                { "userId": "u3", "version": 2, "state": "rejected" },
            ],
        });
        assert_eq!(data(&batch), expected);
    }

    #[test]
    fn a_result_that_comes_before_its_change_is_kept() {
        let mut batch = ChangeBatch::default();
        resolve(&mut batch, &[("u1", 7, SyncState::Confirmed)]);
        accept(&mut batch, 1, &[("u1", 7)]);
        assert_eq!(data(&batch)["users"][0]["state"], "confirmed");
        resolve(&mut batch, &[("u1", 7, SyncState::Rejected)]);
        assert_eq!(data(&batch)["users"][0]["state"], "rejected", "sent again");
        accept(&mut batch, 1, &[("u1", 8)]);
        assert_eq!(data(&batch)["users"][0]["state"], "pending");
    }

    #[test]
    fn of_many_users_those_with_problems_are_named_first() {
        let mut batch = ChangeBatch::default();
        let many: Vec<String> = (0..100).map(|number| format!("u{number}")).collect();
        let many: Vec<_> = many
            .iter()
            .map(|user| (user.as_str(), 1, SyncState::Confirmed))
            .collect();
        resolve(&mut batch, &many);
        resolve(&mut batch, &[("bad", 1, SyncState::Failed)]);
        let data = data(&batch);
        assert_eq!(data["resolved"], json!({ "confirmed": 100, "failed": 1 }));
        let users = data["users"].as_array().expect("a list");
        assert_eq!(users.len(), MAX_NAMED);
        assert!(users.iter().any(|user| user["userId"] == "bad"));
    }

    #[test]
    fn a_message_that_is_no_notice_changes_nothing() {
        let mut batch = ChangeBatch::default();
        batch.add_accepted(b"{");
        batch.add_resolved(b"[]");
        assert!(batch.is_empty());
    }
}
