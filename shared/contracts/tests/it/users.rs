//! Users and changes to them.

use contracts::{
    Field, GetReceipt, GetUser, SyncState, UpdateForm, UpdateUser, User, UserUpdated, Values, VersionState,
};
use serde_json::json;

use crate::pin;

fn values() -> Values {
    [
        (Field::EMAIL, Some("ada@example.com".to_owned())),
        (Field::FIRST_NAME, None),
        (Field::LAST_NAME, Some("Lovelace".to_owned())),
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
fn a_user_has_its_fields_beside_its_id() {
    let json = json!({
        "userId": "u-7", "email": "ada@example.com", "firstName": null, "lastName": "Lovelace",
        "version": 3, "updatedAt": "2026-01-02T03:04:05.678Z"
    });
    pin(&user(), json);
}

#[test]
fn a_change_tells_an_absent_field_from_a_cleared_one() {
    let mut update = UpdateUser {
        user_id: "u-7".parse().unwrap(),
        form: UpdateForm::MergePatch,
        fields: [(Field::FIRST_NAME, None)].into(),
        if_match: Some(2),
        idempotency_key: Some("k".to_owned()),
    };
    let json = json!({
        "userId": "u-7", "form": "mergePatch", "fields": { "firstName": null },
        "ifMatch": 2, "idempotencyKey": "k"
    });
    pin(&update, json);
    (update.form, update.if_match, update.idempotency_key) = (UpdateForm::Json, None, None);
    pin(
        &update,
        json!({ "userId": "u-7", "form": "json", "fields": { "firstName": null } }),
    );
}

#[test]
fn the_answer_to_a_change_is_the_user_and_its_delivery_so_far() {
    let updated = UserUpdated {
        user: user(),
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
        "sync": { "state": "pending", "version": 3 }
    });
    pin(&updated, json);
}

#[test]
fn a_user_is_asked_for_by_id() {
    let user_id = "u-7".parse().unwrap();
    pin(&GetUser { user_id }, json!({ "userId": "u-7" }));
}

#[test]
fn a_receipt_is_asked_for_by_id_and_perhaps_version() {
    let mut wanted = GetReceipt {
        user_id: "u-7".parse().unwrap(),
        version: Some(2),
    };
    pin(&wanted, json!({ "userId": "u-7", "version": 2 }));
    wanted.version = None;
    pin(&wanted, json!({ "userId": "u-7" }));
}
