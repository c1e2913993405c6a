//! The JSON of wake-ups and notices, which contain ids and numbers but no personal data.

use contracts::{
    AcceptedNotice, AcceptedUser, Priority, ResolvedNotice, ResolvedUser, SyncState, UserChanged,
    WakeUpNotice,
};
use serde_json::json;

use crate::assert_json;

#[test]
fn a_wake_up_names_user_version_and_priority() {
    for (priority, word) in [(Priority::Live, "live"), (Priority::Backfill, "backfill")] {
        let changed = UserChanged {
            user_id: "u-7".parse().unwrap(),
            version: 3,
            priority,
        };
        let json = json!({ "userId": "u-7", "version": 3, "priority": word });
        assert_json(&changed, json.clone());
        assert_json(&WakeUpNotice(changed), json);
    }
}

#[test]
fn a_notice_counts_accepted_changes_and_names_some() {
    let user = AcceptedUser {
        user_id: "u-7".parse().unwrap(),
        version: 3,
    };
    let notice = AcceptedNotice {
        changes: 40,
        users: vec![user],
    };
    let json = json!({ "changes": 40, "users": [{ "userId": "u-7", "version": 3 }] });
    assert_json(&notice, json);
}

#[test]
fn a_notice_lists_the_resolved_users() {
    let user = ResolvedUser {
        user_id: "u-7".parse().unwrap(),
        version: 3,
        state: SyncState::Confirmed,
    };
    let notice = ResolvedNotice { users: vec![user] };
    let json = json!({ "users": [{ "userId": "u-7", "version": 3, "state": "confirmed" }] });
    assert_json(&notice, json);
}
