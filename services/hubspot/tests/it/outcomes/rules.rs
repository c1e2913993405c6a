//! Rules that an account's admins set up, which HubSpot checks from version 2026-09 on.

use contracts::{Field, FieldResult};
use testing::wait::until;

use super::{NAME, failures, linked, name, refusal, switch, user, wait_until_confirmed};
use crate::harness::CEILING;

#[tokio::test]
async fn an_admins_rule_refuses_the_field_on_the_version_that_knows_it() {
    for (version, refused) in [("v3", false), ("2026-03", false), ("2026-09", true)] {
        let stack = linked(1).await;
        switch(&stack, |switches| {
            switches.rejected_property = Some("firstname".into());
        });
        let worker = stack.start_worker(&[("HUBSPOT_API_VERSION", version)]).await;
        let change = [(NAME, "Ada"), (Field::LAST_NAME, "Lovelace")];
        stack.users.change(&user(0), &change).await;
        stack.users.wait_until_settled(&user(0)).await;
        let outcome = stack.users.outcome(&user(0), Field::LAST_NAME);
        assert_eq!(outcome, Some(FieldResult::Confirmed), "{version}");
        assert_eq!(name(&stack, 0).is_none(), refused, "{version}");
        if refused {
            let reason = refusal(&stack, 0, NAME);
            assert_eq!(reason.code, "PROPERTY_WRITE_REFUSED");
            assert!(reason.message.contains("cannot be edited"), "{reason:?}");
            assert!(reason.correlation_id.is_some(), "{reason:?}");
        }
        worker.stop().await;
    }
}

#[tokio::test]
async fn a_property_that_must_not_be_empty_refuses_what_is_written_without_it() {
    let stack = linked(1).await;
    switch(&stack, |switches| {
        switches.required_property = Some("lastname".into());
    });
    let worker = stack.worker().await;
    stack.users.change(&user(0), &[(NAME, "Ada")]).await;
    stack.users.wait_until_settled(&user(0)).await;
    let reason = refusal(&stack, 0, NAME);
    assert!(reason.message.contains("is required"), "{reason:?}");
    let change = [(NAME, "Ada"), (Field::LAST_NAME, "Lovelace")];
    stack.users.change(&user(0), &change).await;
    wait_until_confirmed(&stack, [0], "Ada").await;
    worker.stop().await;
}

#[tokio::test]
async fn a_new_rule_that_refuses_everyone_stops_the_line_and_is_owed_again_until_it_is_mended() {
    const USERS: usize = 25;
    let stack = linked(USERS).await;
    switch(&stack, |switches| {
        switches.rejected_property = Some("firstname".into());
    });
    let worker = stack.worker().await;
    for number in 0..USERS {
        stack.users.change(&user(number), &[(NAME, "Ada")]).await;
    }
    worker
        .wait_for_status("HubSpot rejects the contact property firstname for every record")
        .await;
    assert!(!worker.registry.report().ready);
    until("everyone to owe again", CEILING, async || {
        (0..USERS).all(|number| stack.users.owes(&user(number), NAME))
    })
    .await;
    switch(&stack, |switches| switches.rejected_property = None);
    wait_until_confirmed(&stack, 0..USERS, "Ada").await;
    worker.wait_for_status("delivering").await;
    for number in 0..USERS {
        assert!(failures(&stack, number).iter().all(|failure| !failure.is_counted));
    }
    stack.wait_until_acknowledged().await;
    worker.stop().await;
}
