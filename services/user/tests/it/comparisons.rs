//! Users to compare with their contacts, and repairs.

use contracts::{
    ErrorCode, Field, FieldSet, MAX_COMPARED, ReadUsersToCompare, RepairUser, RepairUsers, ServiceError,
    SyncState, UserSelection, UserToCompare, UsersRepaired, UsersToCompare,
};
use futures_util::future::join_all;

use crate::{
    delivery::deliver,
    stack::{Stack, ada, id, patch},
};

async fn read(stack: &Stack, users: UserSelection, dirty_only: bool) -> Result<UsersToCompare, ServiceError> {
    stack.ask(&ReadUsersToCompare { users, dirty_only }).await
}

async fn repair(stack: &Stack, user: &UserToCompare, field: Field) -> UsersRepaired {
    let user = RepairUser {
        user_id: user.user_id.clone(),
        generation: user.generation,
        fields: FieldSet::from_iter([field]),
    };
    stack.ask(&RepairUsers { users: vec![user] }).await.unwrap()
}

/// A user with a contact, and every field confirmed.
async fn confirmed(stack: &Stack, user: &str) -> u64 {
    stack.update(&ada(user)).await.unwrap();
    let epoch = stack.lease("w").await;
    deliver(stack, "w", epoch, user).await;
    stack.acknowledge_all().await;
    epoch
}

#[tokio::test]
async fn a_user_to_compare_has_values_confirmed_and_dirty_fields() {
    let (stack, service) = Stack::serving(&[]).await;
    confirmed(&stack, "1").await;
    stack
        .update(&patch("1", [(Field::LAST_NAME, "Lovelace")]))
        .await
        .unwrap();
    let named = UserSelection::Named(vec![id("1"), id("nobody")]);
    let found = read(&stack, named, false).await.unwrap();
    assert_eq!(found.unknown, [id("nobody")]);
    let user = &found.users[0];
    assert_eq!(user.values.len(), Field::BUILT_IN.len());
    assert_eq!(
        user.confirmed,
        FieldSet::from_iter([Field::EMAIL, Field::FIRST_NAME])
    );
    assert_eq!(user.dirty, FieldSet::from_iter([Field::LAST_NAME]));
    assert_eq!(user.link.as_ref().unwrap().contact_id, "c1");
    assert!(!user.never_linked);
    service.stop().await.unwrap();
}

#[tokio::test]
async fn pages_cover_all_users_and_end() {
    let (stack, service) = Stack::serving(&[]).await;
    let names: Vec<String> = (0..=MAX_COMPARED).map(|number| format!("u{number:03}")).collect();
    let changes: Vec<_> = names.iter().map(|user| ada(user)).collect();
    for change in join_all(changes.iter().map(|change| stack.update(change))).await {
        change.unwrap();
    }
    let first = read(&stack, UserSelection::After(None), true).await.unwrap();
    assert_eq!(first.users.len(), MAX_COMPARED);
    assert_eq!(first.next, Some(id(&names[MAX_COMPARED - 1])));
    let second = read(&stack, UserSelection::After(first.next), true)
        .await
        .unwrap();
    let left: Vec<_> = second.users.iter().map(|user| user.user_id.as_str()).collect();
    assert_eq!((left, second.next), (vec![names[MAX_COMPARED].as_str()], None));
    let linked = read(&stack, UserSelection::After(None), false).await.unwrap();
    assert_eq!((linked.users, linked.next), (vec![], None));
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_repair_marks_the_field_dirty_once_and_wakes_the_user() {
    let (stack, service) = Stack::serving(&[]).await;
    let epoch = confirmed(&stack, "1").await;
    let found = read(&stack, UserSelection::After(None), false).await.unwrap();
    let user = &found.users[0];
    let first = repair(&stack, user, Field::FIRST_NAME).await;
    assert_eq!(
        first,
        UsersRepaired {
            repaired: 1,
            changed_meanwhile: 0
        }
    );
    let again = repair(&stack, user, Field::FIRST_NAME).await;
    assert_eq!(
        again,
        UsersRepaired {
            repaired: 0,
            changed_meanwhile: 1
        }
    );
    stack.wait_for_wake_ups(&["1"]).await;
    let given = stack.claim("w", epoch, &["1"]).await.unwrap();
    assert_eq!(given.claims[0].dirty, FieldSet::from_iter([Field::FIRST_NAME]));
    let receipt = stack.receipt("1", None).await.unwrap();
    assert_eq!((receipt.state, receipt.version), (SyncState::Confirmed, 1));
    service.stop().await.unwrap();
}

#[tokio::test]
async fn more_users_than_a_page_holds_are_rejected() {
    let (stack, service) = Stack::serving(&[]).await;
    let users = vec![id("1"); MAX_COMPARED + 1];
    let error = read(&stack, UserSelection::Named(users), false)
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidRequest);
    service.stop().await.unwrap();
}
