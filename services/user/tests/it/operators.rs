//! Resyncs and operators' links, over NATS.

use contracts::{
    ErrorCode, Field, FieldSet, LinkOrigin, LinkUser, MAX_LISTED, NextAction, Priority, Receipt, ResyncUsers,
    ServiceError, SyncState, UnlinkUser, UsersResynced, UsersToResync,
};

use crate::{
    delivery::{all_confirmed, contact_found, deliver},
    stack::{ACCOUNT, Stack, ada, id},
};

impl Stack {
    async fn resync(&self, request: &ResyncUsers) -> Result<UsersResynced, ServiceError> {
        self.ask(request).await
    }

    async fn link(&self, user: &str, contact: &str) -> Result<Receipt, ServiceError> {
        let request = LinkUser {
            user_id: id(user),
            contact_id: contact.parse().unwrap(),
        };
        self.ask(&request).await
    }

    async fn unlink(&self, user: &str) -> Result<Receipt, ServiceError> {
        self.ask(&UnlinkUser { user_id: id(user) }).await
    }

    /// Delivered users, each linked to the contact with its number.
    async fn delivered(&self, users: &[&str]) -> u64 {
        let epoch = self.lease("w").await;
        for user in users {
            self.update(&ada(user)).await.unwrap();
            let given = self.claim("w", epoch, &[user]).await.unwrap();
            self.report("w", vec![contact_found(&given.claims[0], user)])
                .await;
            let given = self.claim("w", epoch, &[user]).await.unwrap();
            self.report("w", vec![all_confirmed(&given.claims[0])]).await;
        }
        self.acknowledge_all().await;
        epoch
    }
}

fn counted(resynced: &UsersResynced) -> (u64, u64, u64) {
    (resynced.resynced, resynced.shared, resynced.skipped)
}

fn every_field(users: UsersToResync) -> ResyncUsers {
    ResyncUsers { users, fields: None }
}

#[tokio::test]
async fn a_resync_of_all_users_has_backfill_priority() {
    let (stack, service) = Stack::serving(&[]).await;
    stack.delivered(&["1", "2"]).await;
    let all = every_field(UsersToResync::All { after: None });
    let resynced = stack.resync(&all).await.unwrap();
    assert_eq!((counted(&resynced), resynced.next), ((2, 0, 0), None));
    assert_eq!(counted(&stack.resync(&all).await.unwrap()), (0, 0, 2));
    stack.wait_for_wake_ups(&["1", "2"]).await;
    assert!(
        stack
            .wake_ups()
            .await
            .iter()
            .all(|user| user.priority == Priority::Backfill)
    );
    let receipt = stack.receipt("1", None).await.unwrap();
    assert!(receipt.resending && receipt.state == SyncState::Confirmed && receipt.version == 1);
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_resync_of_all_users_goes_page_by_page() {
    let (stack, service) = Stack::serving(&[]).await;
    let users: Vec<String> = (0..=MAX_LISTED).map(|user| format!("{user:04}")).collect();
    let updates: Vec<_> = users.iter().map(|user| ada(user)).collect();
    let updates = updates.iter().map(|update| stack.update(update));
    for updated in futures_util::future::join_all(updates).await {
        updated.unwrap();
    }
    let first = stack
        .resync(&every_field(UsersToResync::All { after: None }))
        .await
        .unwrap();
    assert_eq!(
        (first.skipped, &first.next),
        (500, &Some(id(&users[MAX_LISTED - 1])))
    );
    let second = stack
        .resync(&every_field(UsersToResync::All { after: first.next }))
        .await
        .unwrap();
    assert_eq!((second.skipped, second.next), (1, None));
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_resync_of_named_users_skips_shared_contacts() {
    let (stack, service) = Stack::serving(&[]).await;
    let epoch = stack.delivered(&["1"]).await;
    for user in ["2", "3"] {
        stack.update(&ada(user)).await.unwrap();
        deliver(&stack, "w", epoch, user).await;
    }
    let named = ["1", "2", "3", "nobody"].map(id).to_vec();
    let resynced = stack
        .resync(&every_field(UsersToResync::Named(named)))
        .await
        .unwrap();
    assert_eq!(
        (counted(&resynced), resynced.unknown),
        ((1, 2, 0), vec![id("nobody")])
    );
    let many = every_field(UsersToResync::Named(vec![id("1"); MAX_LISTED + 1]));
    let error = stack.resync(&many).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidRequest);
    service.stop().await.unwrap();
}

#[tokio::test]
async fn an_operator_links_a_user_which_is_woken() {
    let (stack, service) = Stack::serving(&[]).await;
    let epoch = stack.delivered(&["1"]).await;
    let receipt = stack.link("1", "77").await.unwrap();
    let contact = receipt.contact.unwrap();
    assert_eq!(
        (
            contact.contact_id.as_str(),
            contact.account_id.as_str(),
            contact.origin
        ),
        ("77", ACCOUNT, LinkOrigin::ByOperator)
    );
    assert!(receipt.resending && receipt.version == 1);
    stack.wait_for_wake_ups(&["1"]).await;
    let given = stack.claim("w", epoch, &["1"]).await.unwrap();
    assert_eq!(given.claims[0].link.as_ref().unwrap().contact_id, "77");
    assert_eq!(given.claims[0].dirty.iter().count(), 2);
    service.stop().await.unwrap();
}

#[tokio::test]
async fn after_an_operators_link_the_worker_claims_the_new_contact() {
    let (stack, service) = Stack::serving(&[]).await;
    let epoch = stack.lease("w").await;
    stack.update(&ada("1")).await.unwrap();
    let given = stack.claim("w", epoch, &["1"]).await.unwrap();
    stack.link("1", "77").await.unwrap();
    let reported = stack
        .report("w", vec![contact_found(&given.claims[0], "1")])
        .await;
    assert_eq!(reported.users[0].next, NextAction::Now);
    let given = stack.claim("w", epoch, &["1"]).await.unwrap();
    assert_eq!(given.claims[0].link.as_ref().unwrap().contact_id, "77");
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_contact_of_another_user_is_rejected_until_it_is_unlinked() {
    let (stack, service) = Stack::serving(&[]).await;
    stack.delivered(&["1", "2"]).await;
    let error = stack.link("1", "2").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::ContactHeld);
    assert!(error.message.contains("user 2 "), "{}", error.message);
    let receipt = stack.receipt("1", None).await.unwrap();
    assert!(!receipt.resending && receipt.contact.unwrap().contact_id == "1");
    let unlinked = stack.unlink("2").await.unwrap();
    assert!(unlinked.contact.is_none() && unlinked.resending);
    assert_eq!(
        stack.unlink("2").await.unwrap(),
        unlinked,
        "a repeat changes nothing"
    );
    stack.link("1", "2").await.unwrap();
    service.stop().await.unwrap();
}

#[tokio::test]
async fn the_last_user_of_a_contact_no_longer_shares_it() {
    let (stack, service) = Stack::serving(&[]).await;
    let epoch = stack.lease("w").await;
    for user in ["1", "2"] {
        stack.update(&ada(user)).await.unwrap();
        deliver(&stack, "w", epoch, user).await;
    }
    assert!(stack.receipt("1", None).await.unwrap().contact.unwrap().shared);
    stack.unlink("2").await.unwrap();
    assert!(!stack.receipt("1", None).await.unwrap().contact.unwrap().shared);
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_link_needs_an_account_and_an_existing_user() {
    let (stack, service) = Stack::serving(&[]).await;
    stack.update(&ada("1")).await.unwrap();
    assert_eq!(
        stack.link("1", "77").await.unwrap_err().code,
        ErrorCode::NoAccount
    );
    stack.lease("w").await;
    for answer in [stack.link("nobody", "77").await, stack.unlink("nobody").await] {
        assert_eq!(answer.unwrap_err().code, ErrorCode::UserNotFound);
    }
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_resync_of_one_field_sends_that_field_alone() {
    let (stack, service) = Stack::serving(&[]).await;
    let epoch = stack.delivered(&["1"]).await;
    let request = ResyncUsers {
        users: UsersToResync::All { after: None },
        fields: Some(FieldSet::from_iter([Field::FIRST_NAME])),
    };
    assert_eq!(counted(&stack.resync(&request).await.unwrap()), (1, 0, 0));
    let given = stack.claim("w", epoch, &["1"]).await.unwrap();
    assert_eq!(given.claims[0].dirty, FieldSet::from_iter([Field::FIRST_NAME]));
    service.stop().await.unwrap();
}
