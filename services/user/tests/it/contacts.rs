//! Users whose contact belongs, or belonged, to another user.

use contracts::{AttemptResult, Claim, Field, LinkOrigin, NextAction, SyncState, WriteTarget};

use crate::{
    delivery::{all_confirmed, contact_found, deliver, no_result},
    stack::{ACCOUNT, Running, Stack, ada, id, patch},
};

/// User `1` is linked to contact `c1`, and its first name is being written.
async fn with_open_attempt() -> (Stack, Running, u64, Claim) {
    let (stack, service) = Stack::serving(&[]).await;
    stack.update(&ada("1")).await.unwrap();
    let epoch = stack.lease("w").await;
    deliver(&stack, "w", epoch, "1").await;
    stack
        .update(&patch("1", [(Field::FIRST_NAME, "Eva")]))
        .await
        .unwrap();
    let given = stack.claim("w", epoch, &["1"]).await.unwrap();
    let claim = given.claims[0].clone();
    (stack, service, epoch, claim)
}

fn timed_out(claim: &Claim, contact: &str) -> AttemptResult {
    AttemptResult {
        may_apply_late: true,
        written: claim.dirty,
        target: Some(WriteTarget::contact(ACCOUNT, contact)),
        ..no_result(claim)
    }
}

fn with_address(user: &str, address: &str) -> contracts::UpdateUser {
    patch(user, [(Field::EMAIL, address), (Field::FIRST_NAME, "Ida")])
}

#[tokio::test]
async fn a_user_waits_while_a_late_write_of_another_user_to_its_contact_is_possible() {
    let (stack, service, epoch, claim) = with_open_attempt().await;
    stack.report("w", vec![timed_out(&claim, "c1")]).await;
    // User 1 gives its address up, and user 2 takes it and finds the contact by it.
    stack.update(&with_address("1", "new@example.com")).await.unwrap();
    let given = stack.claim("w", epoch, &["1"]).await.unwrap();
    let moves = AttemptResult {
        link: contact_found(&given.claims[0], "c2")
            .link
            .map(|link| contracts::NewLink {
                origin: LinkOrigin::Followed,
                ..link
            }),
        ..no_result(&given.claims[0])
    };
    stack.report("w", vec![moves]).await;
    stack.update(&ada("2")).await.unwrap();
    let given = stack.claim("w", epoch, &["2"]).await.unwrap();
    stack
        .report("w", vec![contact_found(&given.claims[0], "c1")])
        .await;
    let given = stack.claim("w", epoch, &["2"]).await.unwrap();
    assert_eq!(given.waiting, [id("2")]);
    let receipt = stack.receipt("2", None).await.unwrap();
    assert_eq!(receipt.overall_state, SyncState::Pending);
    assert_eq!(receipt.last_failure.unwrap().code, "LATE_WRITE_POSSIBLE");
    assert!(receipt.next_attempt_at.is_some());
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_contact_that_another_user_got_is_written_again_after_an_earlier_attempt() {
    let (stack, service, epoch, claim) = with_open_attempt().await;
    stack
        .ask(&contracts::UnlinkUser { user_id: id("1") })
        .await
        .unwrap();
    stack.update(&with_address("1", "new@example.com")).await.unwrap();
    stack.update(&ada("2")).await.unwrap();
    let given = stack.claim("w", epoch, &["2"]).await.unwrap();
    stack
        .report("w", vec![contact_found(&given.claims[0], "c1")])
        .await;
    let before = stack.receipt("2", None).await.unwrap();
    assert_eq!(before.fields[&Field::EMAIL].state, SyncState::Confirmed);
    assert!(!before.fields[&Field::EMAIL].resending);
    // The attempt that was superseded has written to the contact meanwhile.
    let late = AttemptResult {
        written: claim.dirty,
        target: Some(WriteTarget::contact(ACCOUNT, "c1")),
        ..no_result(&claim)
    };
    stack.report("w", vec![late]).await;
    let after = stack.receipt("2", None).await.unwrap();
    assert!(after.fields[&Field::EMAIL].resending, "{after:?}");
    service.stop().await.unwrap();
}

#[tokio::test]
async fn the_user_of_the_primary_address_gets_the_contact_and_the_other_one_is_looked_up() {
    let (stack, service) = Stack::serving(&[]).await;
    let epoch = stack.lease("w").await;
    stack
        .update(&with_address("1", "secondary@example.com"))
        .await
        .unwrap();
    let given = stack.claim("w", epoch, &["1"]).await.unwrap();
    let mut found = contact_found(&given.claims[0], "c1");
    let link = found.link.as_mut().unwrap();
    link.origin = LinkOrigin::SecondaryAddress;
    link.primary_address = Some("ada@example.com".to_owned());
    stack.report("w", vec![found]).await;
    let given = stack.claim("w", epoch, &["1"]).await.unwrap();
    stack.report("w", vec![all_confirmed(&given.claims[0])]).await;

    stack.update(&ada("2")).await.unwrap();
    let given = stack.claim("w", epoch, &["2"]).await.unwrap();
    let reported = stack
        .report("w", vec![contact_found(&given.claims[0], "c1")])
        .await;
    assert_eq!(reported.users[0].next, NextAction::Now);
    let link = stack.receipt("2", None).await.unwrap().contact.unwrap();
    assert_eq!((link.contact_id.as_str(), link.shared), ("c1", false));
    assert_eq!(stack.receipt("1", None).await.unwrap().contact, None);
    let given = stack.claim("w", epoch, &["1"]).await.unwrap();
    assert!(given.claims[0].never_linked, "it may get a contact of its own");
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_user_waits_for_a_late_write_to_a_contact_that_was_merged_into_its_own() {
    let (stack, service, epoch, claim) = with_open_attempt().await;
    stack.update(&with_address("2", "ida@example.com")).await.unwrap();
    let given = stack.claim("w", epoch, &["2"]).await.unwrap();
    stack
        .report("w", vec![contact_found(&given.claims[0], "c2")])
        .await;
    // HubSpot may still apply a call to contact 1, which is merged into contact 2. User 1 notices it and loses the contact.
    stack.report("w", vec![timed_out(&claim, "c1")]).await;
    stack
        .update(&patch("1", [(Field::FIRST_NAME, "Ada")]))
        .await
        .unwrap();
    let given = stack.claim("w", epoch, &["1"]).await.unwrap();
    let mut merged = contact_found(&given.claims[0], "c2");
    let link = merged.link.as_mut().unwrap();
    link.origin = LinkOrigin::Merged;
    link.primary_address = Some("ida@example.com".to_owned());
    link.former_ids = vec!["c1".to_owned()];
    stack.report("w", vec![merged]).await;
    assert_eq!(stack.receipt("1", None).await.unwrap().contact, None);
    let given = stack.claim("w", epoch, &["2"]).await.unwrap();
    assert_eq!(given.waiting, [id("2")]);
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_user_leaves_a_shared_contact_with_a_new_address_and_the_others_are_sent_again() {
    let (stack, service) = Stack::serving(&[]).await;
    let epoch = stack.lease("w").await;
    for user in ["1", "2", "3"] {
        stack.update(&ada(user)).await.unwrap();
        deliver(&stack, "w", epoch, user).await;
    }
    stack
        .update(&patch("2", [(Field::EMAIL, "new@example.com")]))
        .await
        .unwrap();
    let given = stack.claim("w", epoch, &["2"]).await.unwrap();
    assert_eq!(given.claims[0].link, None);
    for user in ["1", "3"] {
        let receipt = stack.receipt(user, None).await.unwrap();
        assert!(receipt.contact.unwrap().shared);
        assert!(receipt.resending, "user {user}");
    }
    stack
        .update(&patch("3", [(Field::EMAIL, "newer@example.com")]))
        .await
        .unwrap();
    stack.claim("w", epoch, &["3"]).await.unwrap();
    let receipt = stack.receipt("1", None).await.unwrap();
    assert!(!receipt.contact.unwrap().shared);
    service.stop().await.unwrap();
}

#[tokio::test]
async fn after_a_merge_values_of_the_user_that_lost_its_contact_are_cleared() {
    let (stack, service) = Stack::serving(&[]).await;
    let epoch = stack.lease("w").await;
    stack.update(&ada("1")).await.unwrap();
    deliver(&stack, "w", epoch, "1").await;
    stack
        .update(&patch(
            "2",
            [(Field::EMAIL, "ida@example.com"), (Field::LAST_NAME, "Byron")],
        ))
        .await
        .unwrap();
    let given = stack.claim("w", epoch, &["2"]).await.unwrap();
    stack
        .report("w", vec![contact_found(&given.claims[0], "c2")])
        .await;
    let given = stack.claim("w", epoch, &["2"]).await.unwrap();
    stack.report("w", vec![all_confirmed(&given.claims[0])]).await;

    // Somebody merges the contacts, and user 2 is the first to notice. The primary address is that of user 1.
    stack
        .update(&patch("2", [(Field::FIRST_NAME, "Ida")]))
        .await
        .unwrap();
    let given = stack.claim("w", epoch, &["2"]).await.unwrap();
    let mut merged = contact_found(&given.claims[0], "c3");
    let link = merged.link.as_mut().unwrap();
    link.origin = LinkOrigin::Merged;
    link.primary_address = Some("ada@example.com".to_owned());
    link.former_ids = vec!["c1".to_owned(), "c2".to_owned()];
    stack.report("w", vec![merged]).await;
    assert_eq!(stack.receipt("2", None).await.unwrap().contact, None);
    let given = stack.claim("w", epoch, &["1"]).await.unwrap();
    let former = &given.claims[0].former_values;
    assert_eq!(former[&Field::LAST_NAME], Some("Byron".into()));
    service.stop().await.unwrap();
}

#[tokio::test]
async fn of_three_users_whose_contacts_were_merged_one_keeps_the_contact() {
    let (stack, service) = Stack::serving(&[]).await;
    let epoch = stack.lease("w").await;
    let merged = |claim: &Claim| {
        let mut result = contact_found(claim, "c9");
        let link = result.link.as_mut().unwrap();
        link.origin = LinkOrigin::Merged;
        link.primary_address = Some("1@example.com".to_owned());
        link.former_ids = ["c1", "c2", "c3"].map(str::to_owned).to_vec();
        result
    };
    for user in ["1", "2", "3"] {
        let address = format!("{user}@example.com");
        stack.update(&with_address(user, &address)).await.unwrap();
        let given = stack.claim("w", epoch, &[user]).await.unwrap();
        let found = contact_found(&given.claims[0], &format!("c{user}"));
        stack.report("w", vec![found]).await;
        let given = stack.claim("w", epoch, &[user]).await.unwrap();
        stack.report("w", vec![all_confirmed(&given.claims[0])]).await;
    }
    // User 3 is the first to notice the merge, and loses the contact. User 1, whose contact it is, is sent again and notices it too.
    stack
        .update(&patch("3", [(Field::FIRST_NAME, "Eva")]))
        .await
        .unwrap();
    for user in ["3", "1"] {
        let given = stack.claim("w", epoch, &[user]).await.unwrap();
        let claim = &given.claims[0];
        // A write to the id that it knows shows it the merge.
        let link = claim.link.as_ref().unwrap();
        assert_eq!(link.contact_id, format!("c{user}"));
        stack.report("w", vec![merged(claim)]).await;
    }
    for (user, contact) in [("1", Some("c9")), ("2", None), ("3", None)] {
        let link = stack.receipt(user, None).await.unwrap().contact;
        assert_eq!(
            link.map(|link| link.contact_id).as_deref(),
            contact,
            "user {user}"
        );
    }
    service.stop().await.unwrap();
}
