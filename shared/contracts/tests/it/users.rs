//! The JSON of users, of changes, and of requests for users and receipts.

use contracts::{
    Field, GetReceipt, GetUser, SenderTry, SyncState, UpdateForm, UpdateUser, User, UserUpdated, Values,
    VersionState,
};
use serde_json::json;

use crate::assert_json;

fn values() -> Values {
    [
        (Field::EMAIL, Some("ada@example.com".into())),
        (Field::FIRST_NAME, None),
        (Field::LAST_NAME, Some("Lovelace".into())),
    ]
    .into()
}

fn user() -> User {
    User {
        user_id: "u-7".parse().unwrap(),
        values: values(),
        version: 3,
        updated_at: "2026-01-02T03:04:05.678Z".to_owned(),
    }
}

#[test]
fn a_user_has_its_fields_next_to_its_id() {
    let json = json!({
        "userId": "u-7", "email": "ada@example.com", "firstName": null, "lastName": "Lovelace",
        "version": 3, "updatedAt": "2026-01-02T03:04:05.678Z"
    });
    assert_json(&user(), json);
}

#[test]
fn a_change_distinguishes_absent_and_cleared_fields() {
    let mut update = UpdateUser {
        user_id: "u-7".parse().unwrap(),
        form: UpdateForm::MergePatch,
        fields: [(Field::FIRST_NAME, None)].into(),
        if_match: Some(2),
        idempotency_key: Some("k".to_owned()),
        sender_try: Some(SenderTry {
            number: u64::MAX,
            first_try_age_ms: Some(1_000),
        }),
    };
    let json = json!({
        "userId": "u-7", "form": "mergePatch", "fields": { "firstName": null },
        "ifMatch": 2, "idempotencyKey": "k", "senderTry": { "number": u64::MAX, "firstTryAgeMs": 1000 }
    });
    assert_json(&update, json);
    (update.form, update.if_match, update.idempotency_key) = (UpdateForm::Json, None, None);
    update.sender_try = Some(SenderTry {
        number: 7,
        first_try_age_ms: None,
    });
    assert_json(
        &update,
        json!({
            "userId": "u-7", "form": "json", "fields": { "firstName": null }, "senderTry": { "number": 7 }
        }),
    );
    update.sender_try = None;
    assert_json(
        &update,
        json!({ "userId": "u-7", "form": "json", "fields": { "firstName": null } }),
    );
}

#[test]
fn an_answer_to_a_change_has_user_and_sync_state() {
    let updated = UserUpdated {
        user: user(),
        changed: true,
        sync: VersionState {
            state: SyncState::Pending,
            version: 3,
        },
    };
    let json = json!({
        "user": {
            "userId": "u-7", "email": "ada@example.com", "firstName": null, "lastName": "Lovelace",
            "version": 3, "updatedAt": "2026-01-02T03:04:05.678Z"
        },
        "changed": true,
        "sync": { "state": "pending", "version": 3 }
    });
    assert_json(&updated, json);
}

#[test]
fn a_user_is_requested_by_id() {
    let user_id = "u-7".parse().unwrap();
    assert_json(&GetUser { user_id }, json!({ "userId": "u-7" }));
}

#[test]
fn a_receipt_is_requested_by_id_and_optional_version() {
    let mut request = GetReceipt {
        user_id: "u-7".parse().unwrap(),
        version: Some(2),
    };
    assert_json(&request, json!({ "userId": "u-7", "version": 2 }));
    request.version = None;
    assert_json(&request, json!({ "userId": "u-7" }));
}
