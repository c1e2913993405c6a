//! Answers to batches: partial and empty ones, and errors that a correct batch never meets.

use contracts::{Field, FieldResult};
use hubspot::engine::CallErrorKind;
use sandbox::{BodyKind, Effect, Fault, PartialStatus};

use super::{NAME, account, contact, email, linked, rejection, switch, updates, user, wait_until_confirmed};
use crate::{
    calls::{Caller, update},
    user_service::LinkedUser,
};

#[tokio::test]
async fn a_partial_answer_confirms_what_it_lists_without_another_call() {
    const USERS: usize = 100;
    for partial_status in [PartialStatus::MultiStatus, PartialStatus::Success] {
        let stack = linked(USERS).await;
        switch(&stack, |switches| switches.partial_status = partial_status);
        stack.contact("other@example.com");
        stack.sandbox.archive(contact(&stack, 2)).unwrap();
        let worker = stack.start_worker(&[("HUBSPOT_EMAIL_CONFLICT", "reject")]).await;
        worker.wait_for_status("delivering").await;
        stack.pause(&worker).await;
        stack
            .users
            .change(&user(0), &[(Field::EMAIL, "user0@example.test")])
            .await;
        stack
            .users
            .change(&user(1), &[(Field::EMAIL, "other@example.com")])
            .await;
        for number in 2..USERS {
            stack.users.change(&user(number), &[(NAME, "Ada")]).await;
        }
        stack.resume(USERS).await;
        wait_until_confirmed(&stack, 3..USERS, "Ada").await;
        for number in 0..3 {
            stack.users.wait_until_clean(&user(number)).await;
        }
        assert_eq!(rejection(&stack, 0, Field::EMAIL).code, "INVALID_EMAIL");
        let conflict = stack.users.result(&user(1), Field::EMAIL);
        assert!(
            matches!(conflict, Some(FieldResult::Conflict { .. })),
            "{conflict:?}"
        );
        assert_eq!(stack.users.result(&user(2), NAME), Some(FieldResult::NotFound));
        let sizes: Vec<_> = updates(&stack).iter().map(|call| call.inputs).collect();
        assert_eq!(sizes, [USERS], "{partial_status:?}");
        worker.stop().await;
    }
}

#[tokio::test]
async fn a_success_that_cannot_be_read_confirms_nothing() {
    let stack = linked(1).await;
    let worker = stack.worker().await;
    let effects = [Effect::None, Effect::AfterMs(0)];
    let cases = effects.map(|effect| [(BodyKind::Html, effect), (BodyKind::Empty, effect)]);
    for (round, (body, effect)) in cases.into_iter().flatten().enumerate() {
        let fault = Fault::odd_success(body, effect).on_path("batch/update").times(1);
        stack.sandbox.add_fault(fault);
        let value = format!("name {round}");
        stack.users.change(&user(0), &[(NAME, value.as_str())]).await;
        wait_until_confirmed(&stack, [0], &value).await;
        let first = &stack.users.reported(&user(0)).await[2 * round];
        assert!(
            first.field_results.is_empty() && first.written.contains(NAME),
            "{body:?}"
        );
        assert!(!first.may_apply_late, "it was answered");
        let failure = first.failure.as_ref().unwrap();
        assert_eq!(failure.reason.code, "NOT_UNDERSTOOD");
        assert!(failure.is_transient && !failure.is_counted);
    }
    worker.stop().await;
}

#[tokio::test]
async fn an_empty_answer_to_a_batch_confirms_nothing_and_all_arrive() {
    const USERS: usize = 8;
    let stack = linked(USERS).await;
    let worker = stack.worker().await;
    let empty = Fault::odd_success(BodyKind::Json, Effect::None);
    stack.sandbox.add_fault(empty.on_path("batch/update").times(1));
    stack.pause(&worker).await;
    for number in 0..USERS {
        stack.users.change(&user(number), &[(NAME, "Ada")]).await;
    }
    stack.resume(USERS).await;
    wait_until_confirmed(&stack, 0..USERS, "Ada").await;
    let sizes: Vec<_> = updates(&stack).iter().map(|call| call.inputs).collect();
    assert_eq!(sizes, [USERS, USERS / 2, USERS / 2]);
    worker.stop().await;
}

#[tokio::test]
async fn too_many_inputs_and_a_repeated_id_are_rejected_as_a_whole() {
    let caller = Caller::start().await;
    let ids: Vec<String> = (0..101).map(|number| caller.add(&email(number))).collect();
    let many: Vec<_> = ids.iter().map(|id| (id.as_str(), "firstname", "Ada")).collect();
    let twice = [many[0], many[0]];
    for (inputs, words) in [
        (
            &many[..],
            "The maximum number of inputs supported in a batch is 100",
        ),
        (&twice[..], "Duplicate IDs found in batch input"),
    ] {
        let problem = caller.problem(&update(inputs)).await;
        let nameless = CallErrorKind::Invalid {
            fields: std::collections::BTreeMap::new(),
        };
        assert_eq!(problem.kind, nameless, "{words}");
        assert_eq!(problem.reason.code, "VALIDATION_ERROR");
        assert!(problem.reason.message.starts_with(words), "{problem:?}");
    }
}

#[tokio::test]
async fn two_users_of_each_contact_never_share_a_batch() {
    const CONTACTS: usize = 110;
    let stack = linked(CONTACTS).await;
    let second_users = (0..CONTACTS).map(|number| LinkedUser {
        user: user(CONTACTS + number),
        email: email(number),
        contact_id: contact(&stack, number),
    });
    let second_users: Vec<_> = second_users.collect();
    stack.users.link(&account(&stack), &second_users).await;
    let worker = stack.worker().await;
    stack.pause(&worker).await;
    for number in 0..2 * CONTACTS {
        let value = format!("by {number}");
        stack.users.change(&user(number), &[(NAME, value.as_str())]).await;
    }
    stack.resume(2 * CONTACTS).await;
    for number in 0..2 * CONTACTS {
        stack.users.wait_until_clean(&user(number)).await;
        let result = stack.users.result(&user(number), NAME);
        assert_eq!(result, Some(FieldResult::CONFIRMED));
    }
    for number in 0..CONTACTS {
        // The first write created the contact.
        assert_eq!(stack.sandbox.writes_of(contact(&stack, number)).len(), 3);
    }
    let calls = updates(&stack);
    assert!(
        calls
            .iter()
            .all(|call| call.status == Some(200) && call.inputs <= 100)
    );
    worker.stop().await;
}
