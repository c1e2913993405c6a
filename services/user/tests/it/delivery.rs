//! Lease, claim and report.

use std::collections::BTreeMap;

use contracts::{
    AttemptResult, Claim, ErrorCode, Field, FieldResult, FieldSet, LeaseAnswer, LinkOrigin, NewLink,
    NextAction, Notice, ReportResults, ResolvedNotice, ResultsReported, SyncState, delivery::LeaseAction,
    headers,
};
use futures_util::StreamExt;
use testing::wait::until;

use crate::stack::{ACCOUNT, CEILING, Stack, ada, claim_of, id, patch};

pub(crate) fn no_result(claim: &Claim) -> AttemptResult {
    AttemptResult {
        user_id: claim.user_id.clone(),
        attempt: claim.attempt,
        version: claim.version,
        field_results: BTreeMap::new(),
        written: FieldSet::EMPTY,
        may_apply_late: false,
        target: None,
        cleared: FieldSet::EMPTY,
        may_have_created: false,
        last_response: None,
        link: None,
        confirmed_address: None,
        lacks_address: false,
        failure: None,
    }
}

pub(crate) fn all_confirmed(claim: &Claim) -> AttemptResult {
    let results = claim.dirty.iter().map(|field| (field, FieldResult::CONFIRMED));
    AttemptResult {
        field_results: results.collect(),
        written: claim.dirty,
        ..no_result(claim)
    }
}

pub(crate) fn contact_found(claim: &Claim, contact: &str) -> AttemptResult {
    let link = NewLink {
        contact_id: contact.to_owned(),
        account_id: ACCOUNT.to_owned(),
        address: claim.address().map(str::to_owned),
        origin: LinkOrigin::PrimaryAddress,
        primary_address: claim.address().map(str::to_owned),
        former_ids: Vec::new(),
    };
    AttemptResult {
        link: Some(link),
        ..no_result(claim)
    }
}

/// Claims the user, reports its contact, and then that every field is confirmed.
pub(crate) async fn deliver(stack: &Stack, holder: &str, epoch: u64, user: &str) -> ResultsReported {
    let given = stack.claim(holder, epoch, &[user]).await.unwrap();
    let reported = stack
        .report(holder, vec![contact_found(&given.claims[0], "c1")])
        .await;
    assert_eq!(reported.users[0].next, NextAction::Now);
    let given = stack.claim(holder, epoch, &[user]).await.unwrap();
    stack.report(holder, vec![all_confirmed(&given.claims[0])]).await
}

#[tokio::test]
async fn a_delivered_user_is_confirmed_and_a_notice_says_so() {
    let (stack, service) = Stack::serving(&[]).await;
    let mut notices = stack
        .client
        .client()
        .subscribe(ResolvedNotice::SUBJECT)
        .await
        .unwrap();
    stack.update(&ada("1")).await.unwrap();
    let epoch = stack.lease("w").await;
    let reported = deliver(&stack, "w", epoch, "1").await;
    assert_eq!(reported.users[0].next, NextAction::Clean);
    let receipt = stack.receipt("1", None).await.unwrap();
    assert_eq!(
        (receipt.state, receipt.contact.unwrap().contact_id),
        (SyncState::Confirmed, "c1".to_owned())
    );
    let notice = tokio::time::timeout(CEILING, notices.next())
        .await
        .unwrap()
        .unwrap();
    let notice: ResolvedNotice = serde_json::from_slice(&notice.payload).unwrap();
    let named: Vec<_> = notice
        .users
        .iter()
        .map(|user| (user.version, user.state))
        .collect();
    assert_eq!(named, [(1, SyncState::Confirmed)]);
    let given = stack.claim("w", epoch, &["1", "nobody"]).await.unwrap();
    assert_eq!(given.clean, [id("1"), id("nobody")]);
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_new_holder_of_the_lease_claims_open_attempts() {
    let (stack, service) = Stack::serving(&[("USER_LEASE_MS", "300")]).await;
    stack.update(&ada("1")).await.unwrap();
    let first = stack.lease("a").await;
    assert_eq!(stack.claim("a", first, &["1"]).await.unwrap().claims.len(), 1);
    assert_eq!(
        stack.claim("a", first, &["1"]).await.unwrap().in_progress,
        [id("1")]
    );
    assert!(
        matches!(stack.change_lease("b", LeaseAction::Hold).await, LeaseAnswer::Held { left_ms, .. } if left_ms <= 300)
    );
    let second = until("the lease", CEILING, async || {
        match stack.change_lease("b", LeaseAction::Hold).await {
            LeaseAnswer::Granted { epoch, .. } => Ok(epoch),
            other => Err(other),
        }
    })
    .await;
    assert_eq!(second, first + 1);
    let stale = stack.claim("a", first, &["1"]).await.unwrap_err();
    assert_eq!(stale.code, ErrorCode::StaleEpoch);
    let given = stack.claim("b", second, &[]).await.unwrap();
    assert_eq!((given.claims[0].attempt.get(), given.more_left_open), (2, false));
    assert_eq!(
        stack.change_lease("b", LeaseAction::Release).await,
        LeaseAnswer::Released
    );
    assert_eq!(stack.lease("a").await, second + 1);
    service.stop().await.unwrap();
}

#[tokio::test]
async fn concurrent_claims_get_every_attempt_that_was_left_open() {
    let (stack, service) = Stack::serving(&[]).await;
    let users: Vec<String> = (0..60).map(|user| format!("u{user}")).collect();
    let names: Vec<&str> = users.iter().map(String::as_str).collect();
    for user in &names {
        let address = format!("{user}@example.com");
        stack
            .update(&patch(user, [(Field::EMAIL, &*address)]))
            .await
            .unwrap();
    }
    let first = stack.lease("a").await;
    assert_eq!(stack.claim("a", first, &names).await.unwrap().claims.len(), 60);
    stack.change_lease("a", LeaseAction::Release).await;
    let second = stack.lease("b").await;
    let mut few = claim_of("b", second, &[]);
    few.limit = 10;
    let asks = (0..5).map(|_| stack.ask(&few));
    let given = futures_util::future::join_all(asks).await;
    for given in given {
        let given = given.unwrap();
        assert_eq!((given.claims.len(), given.more_left_open), (10, true));
    }
    let last = stack.claim("b", second, &[]).await.unwrap();
    assert_eq!((last.claims.len(), last.more_left_open), (10, false));
    service.stop().await.unwrap();
}

#[tokio::test]
async fn at_the_end_of_a_late_write_window_changed_fields_are_dirty() {
    let (stack, service) = Stack::serving(&[("USER_LATE_WRITE_MS", "1000"), ("USER_SWEEP_MS", "20")]).await;
    stack.update(&ada("1")).await.unwrap();
    let epoch = stack.lease("w").await;
    deliver(&stack, "w", epoch, "1").await;
    stack
        .update(&patch("1", [(Field::FIRST_NAME, "Eva")]))
        .await
        .unwrap();
    let given = stack.claim("w", epoch, &["1"]).await.unwrap();
    stack
        .update(&patch("1", [(Field::FIRST_NAME, "Ida")]))
        .await
        .unwrap();
    let late = AttemptResult {
        may_apply_late: true,
        may_have_created: false,
        last_response: None,
        written: given.claims[0].dirty,
        ..no_result(&given.claims[0])
    };
    stack.report("w", vec![late]).await;
    let given = stack.claim("w", epoch, &["1"]).await.unwrap();
    stack.report("w", vec![all_confirmed(&given.claims[0])]).await;
    assert!(!stack.receipt("1", None).await.unwrap().resending);
    let receipt = until("the end of the late-write window", CEILING, async || {
        let receipt = stack.receipt("1", None).await.unwrap();
        if receipt.resending {
            Ok(receipt)
        } else {
            Err(receipt)
        }
    })
    .await;
    assert_eq!((receipt.state, receipt.version), (SyncState::Confirmed, 3));
    stack.wait_for_wake_ups(&["1"]).await;
    service.stop().await.unwrap();
}

#[tokio::test]
async fn two_users_found_in_one_contact_together_share_it() {
    let (stack, service) = Stack::serving(&[]).await;
    let epoch = stack.lease("w").await;
    for user in ["1", "2"] {
        stack.update(&ada(user)).await.unwrap();
    }
    let given = stack.claim("w", epoch, &["1", "2"]).await.unwrap();
    let results = given
        .claims
        .iter()
        .map(|claim| contact_found(claim, "c1"))
        .collect();
    stack.report("w", results).await;
    for user in ["1", "2"] {
        let contact = stack.receipt(user, None).await.unwrap().contact.unwrap();
        assert!(contact.shared, "{user}");
    }
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_contact_is_free_for_another_user_in_the_same_report() {
    let (stack, service) = Stack::serving(&[]).await;
    let epoch = stack.lease("w").await;
    stack.update(&ada("1")).await.unwrap();
    deliver(&stack, "w", epoch, "1").await;
    let other_name = patch("1", [(Field::FIRST_NAME, "Eva")]);
    stack.update(&other_name).await.unwrap();
    stack.update(&ada("2")).await.unwrap();
    let given = stack.claim("w", epoch, &["1", "2"]).await.unwrap();
    let (mut moves, mut follows) = (
        all_confirmed(&given.claims[0]),
        contact_found(&given.claims[1], "c1"),
    );
    moves.link = contact_found(&given.claims[0], "c2").link.map(|link| NewLink {
        origin: LinkOrigin::Merged,
        ..link
    });
    if let Some(link) = &mut follows.link {
        link.origin = LinkOrigin::SecondaryAddress;
    }
    stack.report("w", vec![moves, follows]).await;
    for (user, contact) in [("1", "c2"), ("2", "c1")] {
        let link = stack.receipt(user, None).await.unwrap().contact.unwrap();
        assert_eq!(
            (link.contact_id.as_str(), link.shared),
            (contact, false),
            "{user}"
        );
    }
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_report_can_claim_and_has_a_maximum_size() {
    let (stack, service) = Stack::serving(&[]).await;
    for user in ["1", "2"] {
        stack.update(&ada(user)).await.unwrap();
    }
    let epoch = stack.lease("w").await;
    let given = stack.claim("w", epoch, &["1"]).await.unwrap();
    let mut request = ReportResults {
        holder: "w".to_owned(),
        results: vec![contact_found(&given.claims[0], "c1")],
        retractions: Vec::new(),
        claim: Some(claim_of("w", epoch, &["1", "2"])),
    };
    let reported = stack.ask(&request).await.unwrap();
    assert_eq!(reported.claims.unwrap().claims.len(), 2);
    request.claim = Some(claim_of("w", epoch + 1, &["1"]));
    let reported = stack.ask(&request).await.unwrap();
    assert_eq!(reported.claims_error, Some(ErrorCode::StaleEpoch));
    request.results = vec![request.results[0].clone(); 201];
    let error = stack.ask(&request).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidRequest);
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_wake_up_behind_an_older_one_is_published_during_shutdown() {
    let (stack, service) = Stack::serving(&[]).await;
    stack.update(&ada("1")).await.unwrap();
    stack.wait_for_wake_ups(&["1"]).await;
    let epoch = stack.lease("w").await;
    deliver(&stack, "w", epoch, "1").await;
    stack
        .update(&patch("1", [(Field::FIRST_NAME, "Eva")]))
        .await
        .unwrap();
    let stopping = tokio::spawn(service.stop());
    // The older one is acknowledged a moment later.
    stack.acknowledge_all().await;
    stack.wait_for_wake_ups(&["1"]).await;
    assert_eq!(stack.wake_ups().await[0].version, 2);
    stopping.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_claim_names_the_request_of_the_last_change() {
    let (stack, service) = Stack::serving(&[]).await;
    let epoch = stack.lease("w").await;
    let mut headers = async_nats::HeaderMap::new();
    headers.insert(headers::REQUEST_ID, "r-1");
    headers.insert(
        headers::TRACEPARENT,
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    );
    stack.ask_with(&ada("1"), headers).await.unwrap();
    let given = stack.claim("w", epoch, &["1"]).await.unwrap();
    let request = given.claims[0].request.clone().unwrap();
    assert_eq!(&*request.request_id, "r-1");
    assert!(request.traceparent.unwrap().starts_with("00-4bf9"));
    // A change without a request id replaces it, so that no attempt names a request that it does not carry.
    stack.report("w", vec![all_confirmed(&given.claims[0])]).await;
    stack
        .update(&patch("1", [(Field::FIRST_NAME, "Grace")]))
        .await
        .unwrap();
    let given = stack.claim("w", epoch, &["1"]).await.unwrap();
    assert_eq!(given.claims[0].request, None);
    service.stop().await.unwrap();
}
