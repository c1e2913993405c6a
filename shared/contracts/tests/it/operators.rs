//! The JSON of requests of operators: resync, link and unlink.

use contracts::{Field, FieldSet, LinkUser, ResyncUsers, UnlinkUser, UsersResynced, UsersToResync};
use serde_json::json;

use crate::assert_json;

#[test]
fn a_resync_is_for_named_users_or_all_after_one() {
    let every_field = |users| ResyncUsers { users, fields: None };
    let named = every_field(UsersToResync::Named(vec!["u-7".parse().unwrap()]));
    assert_json(&named, json!({ "named": ["u-7"] }));
    assert_json(
        &every_field(UsersToResync::All { after: None }),
        json!({ "all": {} }),
    );
    let after = Some("u-7".parse().unwrap());
    let mut all = every_field(UsersToResync::All { after });
    assert_json(&all, json!({ "all": { "after": "u-7" } }));
    all.fields = Some(FieldSet::from_iter([Field::FIRST_NAME]));
    let json = json!({ "all": { "after": "u-7" }, "fields": ["firstName"] });
    assert_json(&all, json);
}

#[test]
fn an_answer_to_a_resync_has_counts_and_a_position() {
    let mut resynced = UsersResynced {
        resynced: 7,
        shared: 2,
        skipped: 1,
        ..UsersResynced::default()
    };
    assert_json(&resynced, json!({ "resynced": 7, "shared": 2, "skipped": 1 }));
    resynced.unknown = vec!["nobody".parse().unwrap()];
    resynced.next = Some("u-7".parse().unwrap());
    let json = json!({ "resynced": 7, "shared": 2, "skipped": 1, "unknown": ["nobody"], "next": "u-7" });
    assert_json(&resynced, json);
}

#[test]
fn a_link_names_user_and_contact() {
    let link = LinkUser {
        user_id: "u-7".parse().unwrap(),
        contact_id: "501".parse().unwrap(),
    };
    assert_json(&link, json!({ "userId": "u-7", "contactId": "501" }));
    let unlink = UnlinkUser {
        user_id: "u-7".parse().unwrap(),
    };
    assert_json(&unlink, json!({ "userId": "u-7" }));
    let bad = json!({ "userId": "u-7", "contactId": "c1" });
    assert!(serde_json::from_value::<LinkUser>(bad).is_err());
}
