//! Changes and reads.

use std::collections::BTreeSet;

use async_nats::HeaderMap;
use contracts::{
    AcceptedNotice, ErrorCode, Field, GetUser, ImportUsers, Notice, Request, ResyncUsers, SyncState,
    UpdateForm, UpdateUser, headers,
};
use futures_util::{StreamExt, future::join_all};
use serde_json::json;
use testing::wait::until;

use crate::stack::{CEILING, Stack, ada, id, patch};

#[tokio::test]
async fn a_change_is_read_back_and_has_a_receipt() {
    let (stack, service) = Stack::serving(&[]).await;
    let updated = stack.update(&ada("1")).await.unwrap();
    assert_eq!(
        (updated.user.version, updated.sync.state),
        (1, SyncState::Pending)
    );
    assert_eq!(stack.get("1").await.unwrap(), updated.user);
    let receipt = stack.receipt("1", None).await.unwrap();
    assert_eq!(
        (receipt.version, receipt.state, receipt.fields.len()),
        (1, SyncState::Pending, 2)
    );
    assert_eq!(
        stack.receipt("1", Some(2)).await.unwrap_err().code,
        ErrorCode::UserNotFound
    );
    assert_eq!(stack.get("2").await.unwrap_err().code, ErrorCode::UserNotFound);
    service.stop().await.unwrap();
}

#[tokio::test]
async fn notices_name_accepted_changes_and_no_repeats() {
    let (stack, service) = Stack::serving(&[]).await;
    let mut notices = stack
        .client
        .client()
        .subscribe(AcceptedNotice::SUBJECT)
        .await
        .unwrap();
    stack.client.client().flush().await.unwrap();
    let mut named = AcceptedNotice::default();
    let keyed = UpdateUser {
        idempotency_key: Some("k".to_owned()),
        ..ada("1")
    };
    stack.update(&keyed).await.unwrap();
    // The first change has a notice of its own at once. Those that follow share one a little later.
    while named.changes < 3 {
        let notice = tokio::time::timeout(CEILING, notices.next())
            .await
            .unwrap()
            .unwrap();
        let notice: AcceptedNotice = serde_json::from_slice(&notice.payload).unwrap();
        if named.changes == 0 {
            assert_eq!(notice.changes, 1);
            let repeated = stack.update(&keyed).await.unwrap();
            assert_eq!(
                (repeated.sync.version, repeated.sync.state),
                (1, SyncState::Pending)
            );
            stack.update(&ada("2")).await.unwrap();
            stack
                .update(&patch("1", [(Field::FIRST_NAME, "Eva")]))
                .await
                .unwrap();
        }
        named.changes += notice.changes;
        named.users.extend(notice.users);
    }
    let users: Vec<_> = named
        .users
        .iter()
        .map(|user| (user.user_id.as_str(), user.version))
        .collect();
    assert_eq!(users, [("1", 1), ("2", 1), ("1", 2)]);
    service.stop().await.unwrap();
}

#[tokio::test]
async fn what_was_accepted_is_there_after_a_restart() {
    let (stack, service) = Stack::serving(&[]).await;
    let updated = stack.update(&ada("1")).await.unwrap();
    service.stop().await.unwrap();
    let service = stack.serve().await;
    assert_eq!(stack.get("1").await.unwrap(), updated.user);
    service.stop().await.unwrap();
}

#[tokio::test]
async fn an_address_that_looks_like_another_is_rejected() {
    let (stack, service) = Stack::serving(&[]).await;
    for address in [
        "an\u{212a}e@example.com",
        "anke\u{200b}@example.com",
        "anke@example\u{ff0e}com",
    ] {
        let error = stack
            .update(&patch("1", [(Field::EMAIL, address)]))
            .await
            .unwrap_err();
        assert_eq!(
            (error.code, error.invalid_values.len()),
            (ErrorCode::InvalidRequest, 1)
        );
        assert!(!error.invalid_values[0].detail.contains(address), "{error:?}");
    }
    assert_eq!(stack.get("1").await.unwrap_err().code, ErrorCode::UserNotFound);
    service.stop().await.unwrap();
}

#[tokio::test]
async fn invalid_values_are_rejected_together() {
    let (stack, service) = Stack::serving(&[]).await;
    let update = patch("1", [(Field::EMAIL, "nobody"), (Field::LAST_NAME, "two\nlines")]);
    let error = stack.update(&update).await.unwrap_err();
    let pointers: Vec<_> = error
        .invalid_values
        .iter()
        .map(|fault| fault.pointer.as_str())
        .collect();
    assert_eq!(
        (error.code, pointers),
        (ErrorCode::InvalidRequest, vec!["/email", "/lastName"])
    );
    assert_eq!(stack.get("1").await.unwrap_err().code, ErrorCode::UserNotFound);
    let without_address = patch("1", [(Field::FIRST_NAME, "Ada")]);
    assert_eq!(
        stack.update(&without_address).await.unwrap_err().code,
        ErrorCode::EmailRequired
    );
    service.stop().await.unwrap();
}

#[tokio::test]
async fn an_invalid_request_is_rejected_and_not_quoted() {
    let (stack, service) = Stack::serving(&[]).await;
    let body = json!({ "userId": "a.b", "form": "json", "fields": { "email": "ada@example.com" } });
    let error = stack.ask_json(UpdateUser::SUBJECT, &body).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidRequest);
    assert!(!error.message.contains("ada"), "{}", error.message);
    service.stop().await.unwrap();
}

/// Types that derive `Deserialize` accept an array for a struct, but a contract is an object.
#[tokio::test]
async fn a_request_that_is_not_an_object_is_rejected() {
    let (stack, service) = Stack::serving(&[]).await;
    stack.update(&ada("1")).await.unwrap();
    for (subject, request) in [
        (
            UpdateUser::SUBJECT,
            json!(["1", "json", { "firstName": "Eve" }, null, null]),
        ),
        (ImportUsers::SUBJECT, json!([[["1", { "firstName": "Eve" }]]])),
        (
            ImportUsers::SUBJECT,
            json!({ "lines": [["1", { "firstName": "Eve" }]] }),
        ),
        (ResyncUsers::SUBJECT, json!({ "all": [null] })),
        (GetUser::SUBJECT, json!(["1"])),
    ] {
        let answer = stack.ask_json(subject, &request).await;
        assert_eq!(
            answer.unwrap_err().code,
            ErrorCode::InvalidRequest,
            "{subject} {request}"
        );
    }
    assert_eq!(stack.get("1").await.unwrap().version, 1);
    // A newer gateway may send members that this version does not know.
    let known = stack
        .ask_json(GetUser::SUBJECT, &json!({ "userId": "1", "more": [1] }))
        .await
        .unwrap();
    assert_eq!(known["version"], 1);
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_change_past_its_deadline_is_not_made() {
    let (stack, service) = Stack::serving(&[]).await;
    let mut past = HeaderMap::new();
    past.insert(headers::TIME_LEFT_MS, "0");
    let answer = stack.ask_with(&ada("1"), past).await;
    assert_eq!(answer.unwrap_err().code, ErrorCode::Expired);
    assert_eq!(stack.get("1").await.unwrap_err().code, ErrorCode::UserNotFound);
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_change_that_arrives_after_its_deadline_is_not_made() {
    let (stack, service) = Stack::serving(&[]).await;
    let sent_at = |clock: &str, ms: i64| {
        let mut found = HeaderMap::new();
        found.insert(headers::TIME_LEFT_MS, "5000");
        found.insert(headers::SENT, format!("{clock} {ms}"));
        found
    };
    let now = 1_000_000;
    let change = async |name, found| {
        let update = patch(
            "1",
            [(Field::EMAIL, "ada@example.com"), (Field::FIRST_NAME, name)],
        );
        stack.ask_with(&update, found).await
    };
    assert_eq!(change("Ada", sent_at("a", now)).await.unwrap().user.version, 1);
    // By the same clock this one was sent ten seconds before the other, and arrived after it.
    let late = change("Eva", sent_at("a", now - 10_000)).await.unwrap_err();
    assert_eq!(late.code, ErrorCode::Expired);
    // Times of another clock are not compared with it.
    assert_eq!(
        change("Ida", sent_at("b", now - 10_000))
            .await
            .unwrap()
            .user
            .version,
        2
    );
    assert_eq!(change("Eva", sent_at("a", now)).await.unwrap().user.version, 3);
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_change_to_another_version_is_rejected_with_the_stored_one() {
    let (stack, service) = Stack::serving(&[]).await;
    let at = |version, change| UpdateUser {
        if_match: Some(version),
        ..change
    };
    let eva = || patch("1", [(Field::FIRST_NAME, "Eva")]);
    let missing = stack.update(&at(3, ada("1"))).await.unwrap_err();
    assert_eq!(missing.current_version, Some(0));
    assert_eq!(stack.update(&ada("1")).await.unwrap().user.version, 1);
    assert_eq!(stack.update(&at(1, eva())).await.unwrap().user.version, 2);
    let error = stack.update(&at(1, eva())).await.unwrap_err();
    assert_eq!(
        (error.code, error.current_version),
        (ErrorCode::VersionMismatch, Some(2))
    );
    service.stop().await.unwrap();
}

#[tokio::test]
async fn an_idempotency_key_makes_one_change() {
    let (stack, service) = Stack::serving(&[]).await;
    let keyed = |key: &str, name: &str| UpdateUser {
        idempotency_key: Some(key.to_owned()),
        ..patch(
            "1",
            [(Field::EMAIL, "ada@example.com"), (Field::FIRST_NAME, name)],
        )
    };
    assert_eq!(stack.update(&keyed("k", "Ada")).await.unwrap().sync.version, 1);
    assert_eq!(stack.update(&keyed("l", "Eva")).await.unwrap().sync.version, 2);
    let repeated = stack.update(&keyed("k", "Ada")).await.unwrap();
    assert_eq!((repeated.sync.version, repeated.user.version), (1, 2));
    assert!(repeated.changed, "as the first answer said");
    let reused = stack.update(&keyed("k", "Eva")).await.unwrap_err();
    assert_eq!(reused.code, ErrorCode::KeyReused);
    let too_long = stack.update(&keyed(&"k".repeat(256), "Ada")).await.unwrap_err();
    assert_eq!(too_long.code, ErrorCode::InvalidRequest);
    service.stop().await.unwrap();
}

#[tokio::test]
async fn settings_say_how_many_keys_a_user_may_have_and_for_how_long() {
    let settings = [
        ("USER_MAX_IDEMPOTENCY_KEYS", "1"),
        ("USER_IDEMPOTENCY_KEY_MS", "300"),
    ];
    let (stack, service) = Stack::serving(&settings).await;
    let keyed = |key: &str| UpdateUser {
        idempotency_key: Some(key.to_owned()),
        ..ada("1")
    };
    stack.update(&keyed("k")).await.unwrap();
    until("the key to expire", CEILING, async || {
        match stack.update(&keyed("l")).await {
            Ok(_) => Ok(()),
            Err(error) => {
                assert_eq!(error.code, ErrorCode::TooManyKeys);
                assert!(
                    error.retry_after_ms.is_some_and(|ms| (1..=300).contains(&ms)),
                    "{error:?}"
                );
                Err(error)
            }
        }
    })
    .await;
    service.stop().await.unwrap();
}

#[tokio::test]
async fn equal_values_make_no_version() {
    let (stack, service) = Stack::serving(&[]).await;
    let first = stack.update(&ada("1")).await.unwrap();
    assert!(first.changed);
    let address = [(Field::EMAIL, "ADA@example.com")];
    for (form, change) in [
        (UpdateForm::MergePatch, ada("1")),
        (UpdateForm::MergePatch, patch("1", address)),
        (UpdateForm::Json, patch("1", address)),
    ] {
        let updated = stack.update(&UpdateUser { form, ..change }).await.unwrap();
        assert!(!updated.changed);
        assert_eq!(updated.user, first.user);
        assert_eq!(
            (updated.sync.version, updated.sync.state),
            (1, SyncState::Pending)
        );
    }
    service.stop().await.unwrap();
}

#[tokio::test]
async fn concurrent_changes_get_versions_of_their_own() {
    let (stack, service) = Stack::serving(&[]).await;
    let users: Vec<String> = (0..50).map(|user| format!("user-{user}")).collect();
    let asks = (0..300).map(|number| {
        let (stack, user) = (&stack, &users[number % users.len()]);
        async move {
            let name = format!("name {number}");
            let update = patch(
                user,
                [(Field::EMAIL, "ada@example.com"), (Field::LAST_NAME, &name)],
            );
            stack.update(&update).await.unwrap()
        }
    });
    let answers = join_all(asks).await;
    for user in &users {
        let of_user = answers.iter().filter(|answer| answer.user.user_id == id(user));
        let versions: BTreeSet<u64> = of_user.clone().map(|answer| answer.sync.version).collect();
        assert_eq!(versions, (1..=6).collect());
        let last = of_user.max_by_key(|answer| answer.user.version).unwrap();
        assert_eq!(stack.get(user).await.unwrap(), last.user);
    }
    service.stop().await.unwrap();
}
