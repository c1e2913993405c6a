//! Connections that are cut, and answers that do not come.

use hubspot::client::{ApiVersion, Target};
use sandbox::{Action, CutPoint, Effect, Fault, Sandbox};
use testing::wait::until;

use super::{NAME, contact, failures, link_users, linked, name, updates, user, wait_until_confirmed};
use crate::{
    harness::{CEILING, Stack},
    user_service::UserSettings,
};

#[tokio::test]
async fn a_call_may_have_written_before_a_cut_and_is_repeated() {
    let stack = linked(1).await;
    let worker = stack.worker().await;
    let cuts = [
        (CutPoint::BeforeEffect, 1),
        (CutPoint::MidAnswer, 2),
        (CutPoint::AfterEffect, 2),
    ];
    for (round, (cut, writes)) in cuts.into_iter().enumerate() {
        let before = stack.sandbox.writes_of(contact(&stack, 0)).len();
        stack
            .sandbox
            .add_fault(Fault::cut(cut).on_path("batch/update").times(1));
        let value = format!("name {round}");
        stack.users.change(&user(0), &[(NAME, value.as_str())]).await;
        wait_until_confirmed(&stack, [0], &value).await;
        let results = stack.users.reported(&user(0)).await;
        let cut_off = &results[2 * round];
        assert!(
            cut_off.may_apply_late && cut_off.written.contains(NAME),
            "{cut:?}"
        );
        let failure = cut_off.failure.as_ref().unwrap();
        assert_eq!(failure.reason.code, "CONNECTION_CUT");
        assert!(failure.is_transient && !failure.is_counted);
        let after = stack.sandbox.writes_of(contact(&stack, 0)).len();
        assert_eq!(after - before, writes, "{cut:?}");
    }
    worker.stop().await;
}

#[tokio::test]
async fn an_answer_after_the_timeout_confirms_nothing() {
    let stack = linked(1).await;
    let worker = stack.start_worker(&[("HUBSPOT_TIMEOUT_MS", "300")]).await;
    let hang = Fault::hang(Effect::AfterMs(0)).on_path("batch/update");
    let fault = stack.sandbox.add_fault(hang);
    stack.users.change(&user(0), &[(NAME, "Ada")]).await;
    until("a call without an answer", CEILING, async || {
        failures(&stack, 0).await.pop()
    })
    .await;
    assert_eq!(name(&stack, 0).as_deref(), Some("Ada"));
    assert!(
        stack.users.is_dirty(&user(0), NAME),
        "a call without an answer confirms nothing"
    );
    stack.sandbox.remove_fault(fault);
    wait_until_confirmed(&stack, [0], "Ada").await;
    let result = &stack.users.reported(&user(0)).await[0];
    assert!(result.may_apply_late && result.written.contains(NAME));
    assert_eq!(result.failure.as_ref().unwrap().reason.code, "TIMED_OUT");
    worker.stop().await;
}

#[tokio::test]
async fn a_contact_that_hangs_calls_is_sent_alone_after_a_few_rounds() {
    const USERS: usize = 16;
    const HANGING: usize = 5;
    // Without pauses, users that failed together are sent again together.
    let stack = Stack::start_with_users(UserSettings::with_first_failure_pause(0)).await;
    link_users(&stack, USERS).await;
    let worker = stack.start_worker(&[("HUBSPOT_TIMEOUT_MS", "500")]).await;
    worker.wait_for_status("delivering").await;
    let hang = Action::Hang {
        ms: 100_000,
        effect: Effect::None,
    };
    let hang = Fault::new(hang).for_contact(contact(&stack, HANGING));
    let fault = stack.sandbox.add_fault(hang);
    stack.pause(&worker).await;
    for number in 0..USERS {
        stack.users.change(&user(number), &[(NAME, "Ada")]).await;
    }
    stack.resume(USERS).await;
    let others = (0..USERS).filter(|number| *number != HANGING);
    wait_until_confirmed(&stack, others.clone(), "Ada").await;
    for number in others {
        let failures = failures(&stack, number).await;
        assert!(failures.iter().all(|failure| !failure.is_counted), "{failures:?}");
    }
    let answered = updates(&stack)
        .iter()
        .filter(|call| call.status == Some(200))
        .count();
    assert!(answered <= 5, "{answered} batches without the contact that hangs");
    let rounds = failures(&stack, HANGING).await.len();
    assert!(rounds >= 4, "batches of 16, 8, 4 and 2, not {rounds}");
    stack.sandbox.remove_fault(fault);
    wait_until_confirmed(&stack, [HANGING], "Ada").await;
    worker.stop().await;
}

#[tokio::test]
async fn delivery_begins_when_hubspot_can_be_reached() {
    let stack = Stack::start().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut config = stack.config(&[]);
    config.access.target = Target::sandbox(&format!("http://{address}"), ApiVersion::default()).unwrap();
    let worker = Stack::serve(config).await;
    worker.wait_for_status("HubSpot cannot be reached").await;
    assert!(!worker.registry.report().ready);
    let settings = sandbox::Settings {
        listen: address,
        ..sandbox::Settings::default()
    };
    let hubspot = Sandbox::start(settings).await.unwrap();
    worker.wait_for_status("delivering").await;
    worker.stop().await;
    hubspot.shutdown().await;
}
