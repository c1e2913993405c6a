//! Lease, claim and record.

use std::collections::BTreeMap;

use contracts::{
    AttemptResult, Claim, ErrorCode, Field, FieldResult, FieldSet, LeaseAnswer, LinkOrigin, NewLink,
    NextAction, ReportResults, Request, ResolvedNotice, ResultsReported, SyncState, UpdateUser, UserUpdated,
    UsersClaimed,
    delivery::LeaseAction,
    headers,
    subjects::{USERS_REPORT, USERS_RESOLVED},
};
use futures_util::StreamExt;
use testing::wait::until;

use crate::stack::{ACCOUNT, CEILING, Stack, ada, claim_of, id, patch};

pub(crate) fn verdict(claim: &Claim) -> AttemptResult {
    AttemptResult {
        user_id: claim.user_id.clone(),
        attempt: claim.attempt,
        version: claim.version,
        field_results: BTreeMap::new(),
        written: FieldSet::EMPTY,
        may_apply_late: false,
        may_have_created: false,
        last_response: None,
        link: None,
        confirmed_address: None,
        failure: None,
    }
}

pub(crate) fn done(claim: &Claim) -> AttemptResult {
    let outcomes = claim.dirty.iter().map(|field| (field, FieldResult::Confirmed));
    AttemptResult {
        field_results: outcomes.collect(),
        written: claim.dirty,
        ..verdict(claim)
    }
}

pub(crate) fn found(claim: &Claim, contact: &str) -> AttemptResult {
    let link = NewLink {
        contact_id: contact.to_owned(),
        account_id: ACCOUNT.to_owned(),
        address: claim.values[&Field::EMAIL].clone(),
        origin: LinkOrigin::PrimaryAddress,
    };
    AttemptResult {
        link: Some(link),
        ..verdict(claim)
    }
}

/// Claims, finds the contact and writes.
pub(crate) async fn deliver(stack: &Stack, holder: &str, epoch: u64, user: &str) -> ResultsReported {
    let given = stack.claim(holder, epoch, &[user]).await.unwrap();
    let recorded = stack.record(holder, vec![found(&given.claims[0], "c1")]).await;
    assert_eq!(recorded.users[0].next, NextAction::Now);
    let given = stack.claim(holder, epoch, &[user]).await.unwrap();
    stack.record(holder, vec![done(&given.claims[0])]).await
}

#[tokio::test]
async fn a_user_that_is_claimed_found_and_written_is_confirmed_and_a_notice_says_so() {
    let (stack, service) = Stack::serving(&[]).await;
    let mut notices = stack.client.client().subscribe(USERS_RESOLVED).await.unwrap();
    stack.update(&ada("1")).await.unwrap();
    let epoch = stack.lease("w").await;
    let recorded = deliver(&stack, "w", epoch, "1").await;
    assert_eq!(recorded.users[0].next, NextAction::Clean);
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
    let told: Vec<_> = notice
        .users
        .iter()
        .map(|user| (user.version, user.state))
        .collect();
    assert_eq!(told, [(1, SyncState::Confirmed)]);
    let given = stack.claim("w", epoch, &["1", "nobody"]).await.unwrap();
    assert_eq!(given.clean, [id("1"), id("nobody")]);
    service.stop().await.unwrap();
}

#[tokio::test]
async fn the_lease_passes_on_when_it_is_released_or_expires_and_what_is_open_goes_along() {
    let (stack, service) = Stack::serving(&[("USER_LEASE_MS", "300")]).await;
    stack.update(&ada("1")).await.unwrap();
    let first = stack.lease("a").await;
    assert_eq!(stack.claim("a", first, &["1"]).await.unwrap().claims.len(), 1);
    assert_eq!(
        stack.claim("a", first, &["1"]).await.unwrap().in_progress,
        [id("1")]
    );
    assert!(
        matches!(stack.wish("b", LeaseAction::Hold).await, LeaseAnswer::Held { left_ms } if left_ms <= 300)
    );
    let second = until("the lease", CEILING, async || {
        match stack.wish("b", LeaseAction::Hold).await {
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
    assert_eq!(stack.wish("b", LeaseAction::Release).await, LeaseAnswer::Released);
    assert_eq!(stack.lease("a").await, second + 1);
    service.stop().await.unwrap();
}

#[tokio::test]
async fn every_row_left_open_is_handed_out_however_many_claim_at_once() {
    let (stack, service) = Stack::serving(&[]).await;
    let users: Vec<String> = (0..60).map(|user| format!("u{user}")).collect();
    let names: Vec<&str> = users.iter().map(String::as_str).collect();
    for user in &names {
        stack.update(&ada(user)).await.unwrap();
    }
    let first = stack.lease("a").await;
    assert_eq!(stack.claim("a", first, &names).await.unwrap().claims.len(), 60);
    stack.wish("a", LeaseAction::Release).await;
    let second = stack.lease("b").await;
    let mut few = claim_of("b", second, &[]);
    few.limit = 10;
    let asks = (0..5).map(|_| stack.ask::<UsersClaimed>(contracts::subjects::USERS_CLAIM, &few));
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
async fn when_a_doubt_ends_what_was_touched_since_is_owed_again() {
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
        ..verdict(&given.claims[0])
    };
    stack.record("w", vec![late]).await;
    let given = stack.claim("w", epoch, &["1"]).await.unwrap();
    stack.record("w", vec![done(&given.claims[0])]).await;
    assert!(!stack.receipt("1", None).await.unwrap().resending);
    let receipt = until("the end of the doubt", CEILING, async || {
        let receipt = stack.receipt("1", None).await.unwrap();
        if receipt.resending {
            Ok(receipt)
        } else {
            Err(receipt)
        }
    })
    .await;
    assert_eq!((receipt.state, receipt.version), (SyncState::Confirmed, 3));
    stack.wait_until_announced(&["1"]).await;
    service.stop().await.unwrap();
}

#[tokio::test]
async fn two_users_found_in_one_contact_at_once_share_it() {
    let (stack, service) = Stack::serving(&[]).await;
    let epoch = stack.lease("w").await;
    for user in ["1", "2"] {
        stack.update(&ada(user)).await.unwrap();
    }
    let given = stack.claim("w", epoch, &["1", "2"]).await.unwrap();
    let verdicts = given.claims.iter().map(|claim| found(claim, "c1")).collect();
    stack.record("w", verdicts).await;
    for user in ["1", "2"] {
        let contact = stack.receipt(user, None).await.unwrap().contact.unwrap();
        assert!(contact.shared, "{user}");
    }
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_contact_that_one_user_leaves_is_free_for_another_in_the_same_record() {
    let (stack, service) = Stack::serving(&[]).await;
    let epoch = stack.lease("w").await;
    stack.update(&ada("1")).await.unwrap();
    deliver(&stack, "w", epoch, "1").await;
    for user in ["1", "2"] {
        stack.update(&ada(user)).await.unwrap();
    }
    let given = stack.claim("w", epoch, &["1", "2"]).await.unwrap();
    let (mut moves, mut follows) = (done(&given.claims[0]), found(&given.claims[1], "c1"));
    moves.link = found(&given.claims[0], "c2").link.map(|link| NewLink {
        origin: LinkOrigin::Merged,
        ..link
    });
    if let Some(link) = &mut follows.link {
        link.origin = LinkOrigin::SecondaryAddress;
    }
    stack.record("w", vec![moves, follows]).await;
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
async fn a_record_takes_the_next_claims_along_and_too_many_verdicts_are_refused() {
    let (stack, service) = Stack::serving(&[]).await;
    for user in ["1", "2"] {
        stack.update(&ada(user)).await.unwrap();
    }
    let epoch = stack.lease("w").await;
    let given = stack.claim("w", epoch, &["1"]).await.unwrap();
    let mut request = ReportResults {
        holder: "w".to_owned(),
        results: vec![found(&given.claims[0], "c1")],
        retractions: Vec::new(),
        claim: Some(claim_of("w", epoch, &["1", "2"])),
    };
    let recorded: ResultsReported = stack.ask(USERS_REPORT, &request).await.unwrap();
    assert_eq!(recorded.claims.unwrap().claims.len(), 2);
    request.claim = Some(claim_of("w", epoch + 1, &["1"]));
    let recorded: ResultsReported = stack.ask(USERS_REPORT, &request).await.unwrap();
    assert_eq!(recorded.claims_error, Some(ErrorCode::StaleEpoch));
    request.results = vec![request.results[0].clone(); 201];
    let refused = stack
        .ask::<ResultsReported>(USERS_REPORT, &request)
        .await
        .unwrap_err();
    assert_eq!(refused.code, ErrorCode::InvalidRequest);
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_wake_up_that_an_older_one_keeps_out_is_offered_again_though_the_service_stops() {
    let (stack, service) = Stack::serving(&[]).await;
    stack.update(&ada("1")).await.unwrap();
    stack.wait_until_announced(&["1"]).await;
    let epoch = stack.lease("w").await;
    deliver(&stack, "w", epoch, "1").await;
    stack
        .update(&patch("1", [(Field::FIRST_NAME, "Eva")]))
        .await
        .unwrap();
    let stopping = tokio::spawn(service.stop());
    // The older one is acknowledged a moment later.
    stack.acknowledge_all().await;
    stack.wait_until_announced(&["1"]).await;
    assert_eq!(stack.announced().await[0].version, 2);
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
    stack
        .ask_with::<UserUpdated>(UpdateUser::SUBJECT, &ada("1"), headers)
        .await
        .unwrap();
    let given = stack.claim("w", epoch, &["1"]).await.unwrap();
    let request = given.claims[0].request.clone().unwrap();
    assert_eq!(&*request.request_id, "r-1");
    assert!(request.traceparent.unwrap().starts_with("00-4bf9"));
    // A change without a request id replaces it, so that no attempt names a request that it does not carry.
    stack.record("w", vec![done(&given.claims[0])]).await;
    stack
        .update(&patch("1", [(Field::FIRST_NAME, "Grace")]))
        .await
        .unwrap();
    let given = stack.claim("w", epoch, &["1"]).await.unwrap();
    assert_eq!(given.claims[0].request, None);
    service.stop().await.unwrap();
}
