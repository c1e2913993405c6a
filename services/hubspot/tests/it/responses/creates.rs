//! Contacts that are created for users without one, with unusual answers of HubSpot.

use contracts::{Field, LinkOrigin};
use sandbox::{Action, BodyKind, CutPoint, Effect, Fault, KnownError, Switches};
use testing::wait::until;

use super::{NAME, email, user, wait_until_confirmed};
use crate::harness::{CEILING, Stack, Worker};

async fn creating() -> (Stack, Worker) {
    let stack = Stack::start().await;
    let worker = stack
        .start_worker(&[("HUBSPOT_CONTACT_NOT_FOUND", "create")])
        .await;
    worker.wait_for_status("delivering").await;
    (stack, worker)
}

async fn change(stack: &Stack, number: usize) {
    let address = email(number);
    let fields = [(Field::EMAIL, address.as_str()), (NAME, "Ada")];
    stack.users.change(&user(number), &fields).await;
}

#[tokio::test]
async fn a_create_with_an_unclear_answer_makes_one_contact_only() {
    let (stack, worker) = creating().await;
    let at_once = Effect::AfterMs(0);
    let server_fault = Action::Answer {
        error: KnownError::Server(502),
        body: None,
        retry_after: None,
        effect: at_once,
    };
    let cases = [
        (Fault::new(server_fault), true),
        (Fault::odd_success(BodyKind::Html, at_once), true),
        // After a success the contact is looked up at once, and found.
        (Fault::odd_success(BodyKind::Json, at_once), false),
        (Fault::empty_success(), true),
        (Fault::cut(CutPoint::MidAnswer), true),
    ];
    let before = stack.sandbox.contacts().len();
    for (number, (fault, in_doubt)) in cases.into_iter().enumerate() {
        stack.sandbox.add_fault(fault.on_path("batch/create").times(1));
        change(&stack, number).await;
        wait_until_confirmed(&stack, [number], "Ada").await;
        let result = &stack.users.reported(&user(number)).await[0];
        assert_eq!(result.may_have_created, in_doubt, "{result:?}");
        assert_eq!(stack.sandbox.contacts().len(), before + number + 1);
    }
    worker.stop().await;
}

#[tokio::test]
async fn a_contact_that_another_client_creates_meanwhile_is_linked() {
    let (stack, worker) = creating().await;
    let slow = Fault::delay(1_000).on_path("batch/create").times(1);
    let slow = stack.sandbox.add_fault(slow);
    change(&stack, 0).await;
    until("the create", CEILING, async || {
        stack.sandbox.hits_of(slow) == Some(1)
    })
    .await;
    let made = stack.contact(&email(0));
    wait_until_confirmed(&stack, [0], "Ada").await;
    let links = stack.users.reported_links(&user(0)).await;
    let found: Vec<_> = links
        .iter()
        .map(|link| (link.contact_id.as_str(), link.origin))
        .collect();
    assert_eq!(found, [(made.as_str(), LinkOrigin::PrimaryAddress)]);
    worker.stop().await;
}

#[tokio::test]
async fn a_contact_is_created_if_hubspot_requires_associations() {
    let stack = Stack::start().await;
    stack.sandbox.set_switches(Switches {
        associations_required: true,
        ..stack.sandbox.switches()
    });
    let worker = stack
        .start_worker(&[("HUBSPOT_CONTACT_NOT_FOUND", "create")])
        .await;
    stack
        .users
        .change("1", &[(Field::EMAIL, "nobody@example.com"), (NAME, "Ada")])
        .await;
    stack.users.wait_until_clean("1").await;
    assert_eq!(
        stack.property("nobody@example.com", "firstname").as_deref(),
        Some("Ada")
    );
    worker.stop().await;
}
