//! What operators ask for.

use contracts::{LinkUser, ResyncUsers, UnlinkUser, UsersResynced};
use serde_json::json;

use crate::pin;

#[test]
fn users_to_resync_are_named_or_everybody_from_one_on() {
    let named = ResyncUsers::Named(vec!["u-7".parse().unwrap()]);
    pin(&named, json!({ "named": ["u-7"] }));
    pin(&ResyncUsers::All { after: None }, json!({ "all": {} }));
    let after = Some("u-7".parse().unwrap());
    pin(&ResyncUsers::All { after }, json!({ "all": { "after": "u-7" } }));
}

#[test]
fn an_answer_to_a_resync_counts_and_says_where_to_go_on() {
    let mut resynced = UsersResynced {
        resynced: 7,
        shared: 2,
        skipped: 1,
        ..UsersResynced::default()
    };
    pin(&resynced, json!({ "resynced": 7, "shared": 2, "skipped": 1 }));
    resynced.unknown = vec!["nobody".parse().unwrap()];
    resynced.next = Some("u-7".parse().unwrap());
    let json = json!({ "resynced": 7, "shared": 2, "skipped": 1, "unknown": ["nobody"], "next": "u-7" });
    pin(&resynced, json);
}

#[test]
fn a_link_names_user_and_contact() {
    let link = LinkUser {
        user_id: "u-7".parse().unwrap(),
        contact_id: "501".parse().unwrap(),
    };
    pin(&link, json!({ "userId": "u-7", "contactId": "501" }));
    let unlink = UnlinkUser {
        user_id: "u-7".parse().unwrap(),
    };
    pin(&unlink, json!({ "userId": "u-7" }));
    let bad = json!({ "userId": "u-7", "contactId": "c1" });
    assert!(serde_json::from_value::<LinkUser>(bad).is_err());
}
