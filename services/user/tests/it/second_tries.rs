//! Changes that the gateway sends a second time.

use async_nats::HeaderMap;
use contracts::{ErrorCode, Field, SenderTry, UpdateUser, headers};

use crate::stack::{Stack, ada, patch};

/// A user whose row remembers no more changes than it has.
const MANY: u64 = 33;

fn first_try(number: u64, change: UpdateUser) -> UpdateUser {
    UpdateUser {
        sender_try: Some(SenderTry {
            number,
            first_try_age_ms: None,
        }),
        ..change
    }
}

fn second_try(number: u64, age_ms: u64, change: UpdateUser) -> UpdateUser {
    UpdateUser {
        sender_try: Some(SenderTry {
            number,
            first_try_age_ms: Some(age_ms),
        }),
        ..change
    }
}

fn name(value: &str) -> UpdateUser {
    patch("1", [(Field::FIRST_NAME, value)])
}

/// Creates the user and changes it, as a hot user is changed by other callers.
async fn change_often(stack: &Stack) {
    stack.update(&first_try(0, ada("1"))).await.unwrap();
    for number in 1..MANY {
        let change = name(&format!("N{number}"));
        stack.update(&first_try(number, change)).await.unwrap();
    }
}

#[tokio::test]
async fn a_second_try_gets_the_answer_that_was_lost() {
    let (stack, service) = Stack::serving(&[]).await;
    stack.update(&first_try(7, ada("1"))).await.unwrap();
    stack.update(&first_try(8, name("Eva"))).await.unwrap();
    service.stop().await.unwrap();
    let service = stack.serve().await;
    let second = stack.update(&second_try(7, 1_000, ada("1"))).await.unwrap();
    assert_eq!(
        (second.sync.version, second.changed, second.user.version),
        (1, true, 2)
    );
    assert_eq!(second.user.values[&Field::FIRST_NAME], Some("Eva".into()));
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_second_try_is_carried_out_if_the_first_was_lost() {
    let (stack, service) = Stack::serving(&[]).await;
    stack.update(&first_try(7, ada("1"))).await.unwrap();
    let second = stack.update(&second_try(8, 1_000, name("Eva"))).await.unwrap();
    assert_eq!((second.sync.version, second.changed), (2, true));
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_second_try_of_a_hot_user_may_have_an_unknown_outcome() {
    let (stack, service) = Stack::serving(&[]).await;
    change_often(&stack).await;
    // The first change is forgotten.
    let second = stack.update(&second_try(0, 60_000, ada("1"))).await;
    assert_eq!(second.unwrap_err().code, ErrorCode::OutcomeUnknown);
    assert_eq!(stack.get("1").await.unwrap().version, MANY);
    // So is it unknown whether a change with another number was made, unless it has a key.
    let keyed = UpdateUser {
        idempotency_key: Some("k".to_owned()),
        ..second_try(99, 60_000, name("Eva"))
    };
    assert_eq!(stack.update(&keyed).await.unwrap().sync.version, MANY + 1);
    assert_eq!(stack.update(&keyed).await.unwrap().sync.version, MANY + 1);
    service.stop().await.unwrap();
}

/// Between the gateway and the commit a second try may be held up, and its first try grows older.
#[tokio::test]
async fn the_time_in_transit_makes_the_first_try_older() {
    let (stack, service) = Stack::serving(&[]).await;
    change_often(&stack).await;
    let held_up_for = |ms: i64| {
        let mut found = HeaderMap::new();
        found.insert(headers::TIME_LEFT_MS, "120000");
        found.insert(headers::SENT, format!("a {}", 1_000_000 - ms));
        found
    };
    let send = async |number, ms| {
        let change = second_try(number, 0, name(&format!("S{number}")));
        stack.ask_with(&change, held_up_for(ms)).await
    };
    let in_time = send(100, 0).await.unwrap();
    assert_eq!((in_time.sync.version, in_time.changed), (MANY + 1, true));
    let late = send(101, 100_000).await.unwrap_err();
    assert_eq!(late.code, ErrorCode::OutcomeUnknown);
    service.stop().await.unwrap();
}
