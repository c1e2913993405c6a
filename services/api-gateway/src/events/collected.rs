//! What happened between two frames: counted whole, named in part.

use std::collections::BTreeMap;

use contracts::{AcceptedNotice, ResolvedNotice, SyncState, UserId};
use runtime::nats::from_object;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The most users that a frame names: more than anybody can read in a moment.
const MOST_NAMED: usize = 40;

/// See the module. It is the data of an event.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Collected {
    /// How many changes were accepted.
    accepted: u64,
    /// How many users turned settled, by what became of their last change.
    resolved: BTreeMap<&'static str, u64>,
    /// Some of them, the latest last.
    users: Vec<Seen>,
}

/// A user at a version, and what became of that so far.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Seen {
    user_id: UserId,
    version: u64,
    state: SyncState,
}

impl Collected {
    pub(super) fn is_empty(&self) -> bool {
        self.accepted == 0 && self.resolved.is_empty()
    }

    /// Changes were accepted.
    pub(super) fn accepted(&mut self, payload: &[u8]) {
        let Some(notice) = read::<AcceptedNotice>(payload) else {
            return;
        };
        self.accepted += notice.changes;
        for user in notice.users {
            self.see(user.user_id, user.version, SyncState::Pending);
        }
    }

    /// Users turned settled.
    pub(super) fn settled(&mut self, payload: &[u8]) {
        let Some(notice) = read::<ResolvedNotice>(payload) else {
            return;
        };
        for user in notice.users {
            *self.resolved.entry(word(user.state)).or_default() += 1;
            self.see(user.user_id, user.version, user.state);
        }
    }

    /// What is seen last of a user counts, unless it is of an older version, or tells of a change whose verdict is known;
    /// whoever is in trouble is named before others.
    fn see(&mut self, user_id: UserId, version: u64, state: SyncState) {
        let seen = Seen {
            user_id,
            version,
            state,
        };
        if let Some(known) = self.users.iter_mut().find(|known| known.user_id == seen.user_id) {
            let is_older = (seen.version, seen.state != SyncState::Pending)
                < (known.version, known.state != SyncState::Pending);
            if !is_older {
                *known = seen;
            }
            return;
        }
        if self.users.len() < MOST_NAMED {
            self.users.push(seen);
        } else if is_trouble(seen.state)
            && let Some(place) = self.users.iter_mut().find(|known| !is_trouble(known.state))
        {
            *place = seen;
        }
    }
}

fn is_trouble(state: SyncState) -> bool {
    matches!(
        state,
        SyncState::Rejected | SyncState::Conflict | SyncState::Failed | SyncState::NotFound
    )
}

/// As it is written in JSON.
fn word(state: SyncState) -> &'static str {
    match state {
        SyncState::Pending => "pending",
        SyncState::Rejected => "rejected",
        SyncState::Conflict => "conflict",
        SyncState::Failed => "failed",
        SyncState::NotFound => "notFound",
        SyncState::Confirmed => "confirmed",
        SyncState::Superseded => "superseded",
        SyncState::Unchanged => "unchanged",
    }
}

fn read<T: Serialize + DeserializeOwned>(payload: &[u8]) -> Option<T> {
    match from_object(payload) {
        Ok(notice) => Some(notice),
        Err(error) => {
            tracing::debug!(%error, "a notice is not understood");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use contracts::{AcceptedUser, ResolvedUser};
    use serde_json::{Value, json};

    use super::*;

    fn accept(collected: &mut Collected, changes: u64, users: &[(&str, u64)]) {
        let users = users.iter().map(|(user, version)| AcceptedUser {
            user_id: user.parse().expect("a valid id"),
            version: *version,
        });
        let users = users.collect();
        let notice = AcceptedNotice { changes, users };
        collected.accepted(&serde_json::to_vec(&notice).expect("a notice"));
    }

    fn settle(collected: &mut Collected, users: &[(&str, u64, SyncState)]) {
        let users = users.iter().map(|(user, version, state)| ResolvedUser {
            user_id: user.parse().expect("a valid id"),
            version: *version,
            state: *state,
        });
        let users = users.collect();
        collected.settled(&serde_json::to_vec(&ResolvedNotice { users }).expect("a notice"));
    }

    fn data(collected: &Collected) -> Value {
        serde_json::to_value(collected).expect("data")
    }

    #[test]
    fn changes_and_verdicts_are_counted_and_each_user_is_named_as_it_is_last_seen() {
        let mut collected = Collected::default();
        assert!(collected.is_empty());
        accept(&mut collected, 5, &[("u1", 7), ("u2", 1)]);
        settle(
            &mut collected,
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
        assert_eq!(data(&collected), expected);
    }

    #[test]
    fn a_verdict_that_comes_before_the_news_of_its_change_is_kept() {
        let mut collected = Collected::default();
        settle(&mut collected, &[("u1", 7, SyncState::Confirmed)]);
        accept(&mut collected, 1, &[("u1", 7)]);
        assert_eq!(data(&collected)["users"][0]["state"], "confirmed");
        settle(&mut collected, &[("u1", 7, SyncState::Rejected)]);
        assert_eq!(data(&collected)["users"][0]["state"], "rejected", "sent once more");
        accept(&mut collected, 1, &[("u1", 8)]);
        assert_eq!(data(&collected)["users"][0]["state"], "pending");
    }

    #[test]
    fn of_many_some_are_named_and_whoever_is_in_trouble_before_others() {
        let mut collected = Collected::default();
        let many: Vec<String> = (0..100).map(|number| format!("u{number}")).collect();
        let many: Vec<_> = many
            .iter()
            .map(|user| (user.as_str(), 1, SyncState::Confirmed))
            .collect();
        settle(&mut collected, &many);
        settle(&mut collected, &[("bad", 1, SyncState::Failed)]);
        let data = data(&collected);
        assert_eq!(data["resolved"], json!({ "confirmed": 100, "failed": 1 }));
        let users = data["users"].as_array().expect("a list");
        assert_eq!(users.len(), MOST_NAMED);
        assert!(users.iter().any(|user| user["userId"] == "bad"));
    }

    #[test]
    fn what_is_no_notice_changes_nothing() {
        let mut collected = Collected::default();
        collected.accepted(b"{");
        collected.settled(b"[]");
        assert!(collected.is_empty());
    }
}
