//! Values that a later version of a service may send.

use contracts::{
    ControlDelivery, DeliveryStatus, ErrorCode, Field, FieldResult, FieldSet, FindingKind, ImportResult,
    LinkOrigin, NextAction, Priority, ProblemKind, Receipt, SyncState, UpdateForm, UpdateUser, User,
    delivery::LeaseAction,
};
use serde_json::json;

#[test]
fn states_and_codes_of_later_versions_are_unknown() {
    let later = || json!("addedLater");
    assert_eq!(
        serde_json::from_value::<SyncState>(later()).unwrap(),
        SyncState::Unknown
    );
    assert_eq!(
        serde_json::from_value::<ErrorCode>(later()).unwrap(),
        ErrorCode::Unknown
    );
    assert_eq!(
        serde_json::from_value::<ProblemKind>(later()).unwrap(),
        ProblemKind::Unknown
    );
    assert_eq!(
        serde_json::from_value::<FindingKind>(later()).unwrap(),
        FindingKind::Unknown
    );
    assert_eq!(
        serde_json::from_value::<DeliveryStatus>(later()).unwrap(),
        DeliveryStatus::Unknown
    );
    assert_eq!(
        serde_json::from_value::<LinkOrigin>(later()).unwrap(),
        LinkOrigin::Unknown
    );
    assert_eq!(
        serde_json::from_value::<Priority>(later()).unwrap(),
        Priority::Backfill
    );
    let result = json!({ "result": "addedLater", "version": 7 });
    assert_eq!(
        serde_json::from_value::<ImportResult>(result).unwrap(),
        ImportResult::Unknown
    );
    let next = json!({ "next": "addedLater", "inMs": 7 });
    assert_eq!(
        serde_json::from_value::<NextAction>(next).unwrap(),
        NextAction::Superseded
    );
}

#[test]
fn a_confirmation_of_a_later_version_is_one() {
    let result = json!({ "result": "confirmed", "addedLater": 7 });
    assert_eq!(
        serde_json::from_value::<FieldResult>(result).unwrap(),
        FieldResult::CONFIRMED
    );
}

#[test]
fn requests_with_a_value_of_a_later_version_are_rejected() {
    for value in [json!("addedLater"), json!({ "action": "addedLater" })] {
        assert!(serde_json::from_value::<LeaseAction>(value.clone()).is_err());
        assert!(serde_json::from_value::<ControlDelivery>(value.clone()).is_err());
        assert!(serde_json::from_value::<UpdateForm>(value).is_err());
    }
}

#[test]
fn fields_of_later_versions_are_left_out_of_answers() {
    let user =
        json!({ "userId": "1", "email": "ada@example.com", "phone": "1", "version": 2, "updatedAt": "t" });
    let user: User = serde_json::from_value(user).unwrap();
    assert_eq!(user.values.keys().collect::<Vec<_>>(), [&Field::EMAIL]);
    let set: FieldSet = serde_json::from_value(json!(["phone", "email"])).unwrap();
    assert_eq!(set, FieldSet::from_iter([Field::EMAIL]));
    let field = json!({ "state": "confirmed" });
    let receipt = json!({
        "userId": "1", "version": 2, "state": "addedLater", "resending": false, "overallState": "pending",
        "fields": { "email": field, "phone": field }, "attempts": 1, "currentVersion": 2
    });
    let receipt: Receipt = serde_json::from_value(receipt).unwrap();
    assert_eq!((receipt.state, receipt.fields.len()), (SyncState::Unknown, 1));
}

#[test]
fn a_change_with_an_unknown_field_is_rejected() {
    let change = json!({ "userId": "1", "form": "json", "fields": { "phone": "1" } });
    assert!(serde_json::from_value::<UpdateUser>(change).is_err());
}
