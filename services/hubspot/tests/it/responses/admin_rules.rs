//! Rules that an account's admins set up, which HubSpot checks from version 2026-09 on.

use contracts::{Field, FieldResult};
use testing::wait::until;

use super::{NAME, failures, linked, name, rejection, switch, user, wait_until_confirmed};
use crate::harness::CEILING;

#[tokio::test]
async fn a_rule_rejects_the_field_on_the_version_that_checks_it() {
    for (version, is_rejected) in [("v3", false), ("2026-03", false), ("2026-09", true)] {
        let stack = linked(1).await;
        switch(&stack, |switches| {
            switches.rejected_property = Some("firstname".into());
        });
        let worker = stack.start_worker(&[("HUBSPOT_API_VERSION", version)]).await;
        let change = [(NAME, "Ada"), (Field::LAST_NAME, "Lovelace")];
        stack.users.change(&user(0), &change).await;
        stack.users.wait_until_clean(&user(0)).await;
        let result = stack.users.result(&user(0), Field::LAST_NAME);
        assert_eq!(result, Some(FieldResult::CONFIRMED), "{version}");
        assert_eq!(name(&stack, 0).is_none(), is_rejected, "{version}");
        if is_rejected {
            let reason = rejection(&stack, 0, NAME);
            assert_eq!(reason.code, "PROPERTY_WRITE_REFUSED");
            assert!(reason.message.contains("cannot be edited"), "{reason:?}");
            assert!(reason.correlation_id.is_some(), "{reason:?}");
        }
        worker.stop().await;
    }
}

#[tokio::test]
async fn an_update_without_a_required_property_is_rejected() {
    let stack = linked(1).await;
    switch(&stack, |switches| {
        switches.required_property = Some("lastname".into());
    });
    let worker = stack.worker().await;
    stack.users.change(&user(0), &[(NAME, "Ada")]).await;
    stack.users.wait_until_clean(&user(0)).await;
    let reason = rejection(&stack, 0, NAME);
    assert!(reason.message.contains("is required"), "{reason:?}");
    let change = [(NAME, "Eva"), (Field::LAST_NAME, "Lovelace")];
    stack.users.change(&user(0), &change).await;
    wait_until_confirmed(&stack, [0], "Eva").await;
    worker.stop().await;
}

#[tokio::test]
async fn a_rule_that_rejects_every_record_halts_delivery() {
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
    until("all users to be dirty again", CEILING, async || {
        (0..USERS).all(|number| stack.users.is_dirty(&user(number), NAME))
    })
    .await;
    switch(&stack, |switches| switches.rejected_property = None);
    wait_until_confirmed(&stack, 0..USERS, "Ada").await;
    worker.wait_for_status("delivering").await;
    for number in 0..USERS {
        let failures = failures(&stack, number).await;
        assert!(failures.iter().all(|failure| !failure.is_counted), "{failures:?}");
    }
    stack.wait_until_acknowledged().await;
    worker.stop().await;
}
