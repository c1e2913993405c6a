//! The JSON of comparisons of users with their contacts, and of repairs.

use contracts::{
    CompareUsers, Comparison, ComparisonPurpose, Difference, Field, Finding, FindingKind, Link, LinkOrigin,
    ReadUsersToCompare, RepairUser, RepairUsers, UserSelection, UserToCompare, UsersRepaired, UsersToCompare,
};
use serde_json::json;

use crate::assert_json;

#[test]
fn a_comparison_is_requested_by_purpose_and_users() {
    let mut compare = CompareUsers {
        purpose: ComparisonPurpose::Drift { repair: true },
        users: UserSelection::Named(vec!["1".parse().unwrap()]),
        values: true,
    };
    let json =
        json!({ "purpose": { "drift": { "repair": true } }, "users": { "named": ["1"] }, "values": true });
    assert_json(&compare, json);
    (compare.purpose, compare.values) = (ComparisonPurpose::DryRun, false);
    compare.users = UserSelection::After(None);
    assert_json(
        &compare,
        json!({ "purpose": "dryRun", "users": { "after": null } }),
    );
    compare.users = UserSelection::After(Some("1".parse().unwrap()));
    assert_json(
        &compare,
        json!({ "purpose": "dryRun", "users": { "after": "1" } }),
    );
}

#[test]
fn a_comparison_has_findings_and_the_next_position() {
    let finding = Finding {
        user_id: "1".parse().unwrap(),
        kind: FindingKind::Changed,
        contact_id: Some("51".to_owned()),
        fields: vec![Difference {
            field: Field::FIRST_NAME,
            user_value: Some("Ada".into()),
            contact_value: None,
        }],
    };
    let comparison = Comparison {
        checked: 99,
        skipped: 1,
        findings: vec![finding],
        repaired: 1,
        changed_meanwhile: 0,
        unknown: Vec::new(),
        next: Some("9".parse().unwrap()),
    };
    let json = json!({
        "checked": 99, "skipped": 1, "repaired": 1, "next": "9",
        "findings": [{
            "userId": "1", "kind": "changed", "contactId": "51",
            "fields": [{ "field": "firstName", "userValue": "Ada" }]
        }]
    });
    assert_json(&comparison, json);
    assert_json(
        &Comparison::default(),
        json!({ "checked": 0, "skipped": 0, "findings": [] }),
    );
}

#[test]
fn users_to_compare_have_values_and_confirmed_fields() {
    let read = ReadUsersToCompare {
        users: UserSelection::After(None),
        dirty_only: true,
    };
    assert_json(&read, json!({ "users": { "after": null }, "dirtyOnly": true }));
    let user = UserToCompare {
        user_id: "1".parse().unwrap(),
        generation: 7,
        values: [(Field::FIRST_NAME, None)].into(),
        confirmed: [Field::FIRST_NAME].into_iter().collect(),
        normalized: [(Field::LAST_NAME, "Lovelace".to_owned())].into(),
        dirty: [Field::EMAIL].into_iter().collect(),
        link: Some(Link {
            contact_id: "51".to_owned(),
            account_id: "62515".to_owned(),
            address: None,
            origin: LinkOrigin::PrimaryAddress,
            shared: false,
        }),
        never_linked: false,
    };
    let users = UsersToCompare {
        users: vec![user],
        unknown: vec!["2".parse().unwrap()],
        next: None,
    };
    let json = json!({
        "users": [{
            "userId": "1", "generation": 7, "values": { "firstName": null }, "confirmed": ["firstName"],
            "normalized": { "lastName": "Lovelace" }, "dirty": ["email"],
            "link": { "contactId": "51", "accountId": "62515", "origin": "primaryAddress" }
        }],
        "unknown": ["2"]
    });
    assert_json(&users, json);
}

#[test]
fn a_repair_names_the_generation_of_the_comparison() {
    let repair = RepairUsers {
        users: vec![RepairUser {
            user_id: "1".parse().unwrap(),
            generation: 7,
            fields: [Field::LAST_NAME].into_iter().collect(),
        }],
    };
    assert_json(
        &repair,
        json!({ "users": [{ "userId": "1", "generation": 7, "fields": ["lastName"] }] }),
    );
    let repaired = UsersRepaired {
        repaired: 1,
        changed_meanwhile: 2,
    };
    assert_json(&repaired, json!({ "repaired": 1, "changedMeanwhile": 2 }));
}
