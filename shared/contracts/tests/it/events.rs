//! Wake-ups and notices: ids and numbers, no personal data.

use contracts::{
    AcceptedNotice, AcceptedUser, Priority, ResolvedNotice, ResolvedUser, SyncState, UserChanged,
};
use serde_json::json;

use crate::pin;

#[test]
fn a_wake_up_names_user_version_and_lane() {
    for (priority, word) in [(Priority::Live, "live"), (Priority::Backfill, "backfill")] {
        let changed = UserChanged {
            user_id: "u-7".parse().unwrap(),
            version: 3,
            priority,
        };
        pin(
            &changed,
            json!({ "userId": "u-7", "version": 3, "priority": word }),
        );
    }
}

#[test]
fn a_notice_counts_the_changes_that_were_accepted_and_names_some() {
    let user = AcceptedUser {
        user_id: "u-7".parse().unwrap(),
        version: 3,
    };
    let notice = AcceptedNotice {
        changes: 40,
        users: vec![user],
    };
    let json = json!({ "changes": 40, "users": [{ "userId": "u-7", "version": 3 }] });
    pin(&notice, json);
}

#[test]
fn a_notice_lists_the_users_that_turned_settled() {
    let user = ResolvedUser {
        user_id: "u-7".parse().unwrap(),
        version: 3,
        state: SyncState::Confirmed,
    };
    let notice = ResolvedNotice { users: vec![user] };
    let json = json!({ "users": [{ "userId": "u-7", "version": 3, "state": "confirmed" }] });
    pin(&notice, json);
}
