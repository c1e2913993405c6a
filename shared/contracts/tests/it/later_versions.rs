//! Values that a later version of a service may send.

use contracts::{
    DeliveryStatus, ErrorCode, Field, FieldSet, FindingKind, ProblemKind, Receipt, SyncState, UpdateUser,
    User,
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
