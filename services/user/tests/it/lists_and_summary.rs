//! Lists, the summary and retries, over NATS.

use std::collections::BTreeMap;

use contracts::{
    AttemptFailure, AttemptResult, ErrorCode, Field, FieldResult, ListUsers, MAX_LISTED, Priority,
    ProblemFilter, Reason, RetryUsers, SummarizeUsers, SyncState, UserFilter, UsersListed, UsersSummary,
};
use testing::wait::until;

use crate::{
    delivery::no_result,
    stack::{CEILING, Stack, ada, id, patch},
};

/// Creates these users, with every field rejected.
async fn rejected(stack: &Stack, users: &[&str]) {
    let epoch = stack.lease("w").await;
    for user in users {
        stack.update(&ada(user)).await.unwrap();
        let given = stack.claim("w", epoch, &[user]).await.unwrap();
        let claim = &given.claims[0];
        let mut rejected = no_result(claim);
        let reason = Reason::ours("INVALID_EMAIL", "the address is not one");
        let result = |field| {
            (
                field,
                FieldResult::Rejected {
                    reason: reason.clone(),
                },
            )
        };
        rejected.field_results = claim.dirty.iter().map(result).collect::<BTreeMap<_, _>>();
        stack.report("w", vec![rejected]).await;
    }
    stack.acknowledge_all().await;
}

fn in_state(state: SyncState) -> ProblemFilter {
    ProblemFilter {
        state: Some(state),
        reason: None,
    }
}

async fn list(stack: &Stack, filter: UserFilter, after: Option<&str>) -> UsersListed {
    let after = after.map(str::to_owned);
    let request = ListUsers {
        filter,
        after,
        limit: 2,
    };
    stack.ask(&request).await.unwrap()
}

async fn summary(stack: &Stack, is_expected: impl Fn(&UsersSummary) -> bool) -> UsersSummary {
    until("the summary", CEILING, async || {
        let summary = stack.ask(&SummarizeUsers {}).await.unwrap();
        if is_expected(&summary) {
            Ok(summary)
        } else {
            Err(summary)
        }
    })
    .await
}

#[tokio::test]
async fn users_are_listed_with_their_reasons_page_by_page() {
    let (stack, service) = Stack::serving(&[]).await;
    rejected(&stack, &["1", "2", "3"]).await;
    let first = list(&stack, UserFilter::Problems(in_state(SyncState::Rejected)), None).await;
    let second = list(
        &stack,
        UserFilter::Problems(in_state(SyncState::Rejected)),
        first.next.as_deref(),
    )
    .await;
    let users: Vec<_> = first.users.iter().chain(&second.users).collect();
    assert_eq!(users.len(), 3);
    for (user, name) in users.iter().zip(["1", "2", "3"]) {
        assert_eq!((&user.user_id, user.state), (&id(name), SyncState::Rejected));
        let reason = serde_json::to_value(&user.reason).unwrap();
        assert_eq!(reason["code"], "INVALID_EMAIL");
        assert!(reason.get("message").is_none(), "it may quote a value: {reason}");
        assert!(!user.resending && user.attempts == 1 && user.pending_since.is_none());
    }
    assert_eq!(second.next, None);
    assert!(
        list(&stack, UserFilter::Problems(in_state(SyncState::Failed)), None)
            .await
            .users
            .is_empty()
    );
    service.stop().await.unwrap();
}

#[tokio::test]
async fn invalid_positions_reasons_and_counts_are_rejected() {
    let (stack, service) = Stack::serving(&[]).await;
    let request = ListUsers {
        filter: UserFilter::Pending,
        after: Some("made up".to_owned()),
        limit: 2,
    };
    let error = stack.ask(&request).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidRequest);
    let request = ListUsers {
        filter: UserFilter::Problems(ProblemFilter {
            state: Some(SyncState::Failed),
            reason: Some("\0".to_owned()),
        }),
        after: None,
        limit: 2,
    };
    let error = stack.ask(&request).await;
    assert_eq!(error.unwrap_err().code, ErrorCode::InvalidRequest);
    let many = RetryUsers::Named(vec![id("1"); MAX_LISTED + 1]);
    let error = stack.ask(&many).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidRequest);
    service.stop().await.unwrap();
}

#[tokio::test]
async fn pending_users_and_users_with_problems_are_counted() {
    let (stack, service) = Stack::serving(&[]).await;
    rejected(&stack, &["1", "2"]).await;
    stack.update(&ada("3")).await.unwrap();
    let summary = summary(&stack, |summary| summary.pending == 1).await;
    assert_eq!((summary.users_with_problems, summary.resending), (2, 0));
    let problem = &summary.problems[0];
    assert_eq!(
        (problem.state, problem.users, &problem.example),
        (SyncState::Rejected, 2, &id("1"))
    );
    assert_eq!(problem.reason.as_deref(), Some("INVALID_EMAIL"));
    assert!(summary.oldest_pending.is_some() && summary.oldest_pending_age_ms < Some(60_000));
    let pending = list(&stack, UserFilter::Pending, None).await;
    assert_eq!(pending.users[0].user_id, id("3"));
    assert!(pending.users[0].pending_since.is_some());
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_retry_of_named_users_is_live_and_of_a_list_backfill() {
    let (stack, service) = Stack::serving(&[]).await;
    rejected(&stack, &["1", "2", "3"]).await;
    let named = RetryUsers::Named(vec![id("1"), id("nobody")]);
    let retried = stack.ask(&named).await.unwrap();
    assert_eq!(
        (retried.retried, retried.skipped, retried.unknown),
        (1, 0, vec![id("nobody")])
    );
    stack.wait_for_wake_ups(&["1"]).await;
    let listed = RetryUsers::Listed {
        filter: in_state(SyncState::Rejected),
        after: None,
    };
    let retried = stack.ask(&listed).await.unwrap();
    assert_eq!((retried.retried, retried.skipped, retried.next), (2, 1, None));
    stack.wait_for_wake_ups(&["1", "2", "3"]).await;
    let priorities: BTreeMap<_, _> = stack
        .wake_ups()
        .await
        .into_iter()
        .map(|user| (user.user_id, user.priority))
        .collect();
    assert_eq!(
        priorities,
        [
            (id("1"), Priority::Live),
            (id("2"), Priority::Backfill),
            (id("3"), Priority::Backfill)
        ]
        .into()
    );
    let receipt = stack.receipt("1", None).await.unwrap();
    assert!(receipt.resending && receipt.state == SyncState::Rejected);
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_user_with_a_problem_and_a_pending_change_is_in_both_lists() {
    let (stack, service) = Stack::serving(&[]).await;
    rejected(&stack, &["1"]).await;
    stack
        .update(&patch("1", [(Field::LAST_NAME, "King")]))
        .await
        .unwrap();
    let both = [
        UserFilter::Problems(in_state(SyncState::Rejected)),
        UserFilter::Pending,
    ];
    for filter in both {
        let listed = list(&stack, filter, None).await.users;
        assert_eq!(listed.len(), 1);
        assert_eq!(
            (&listed[0].user_id, listed[0].state),
            (&id("1"), SyncState::Rejected)
        );
        assert!(listed[0].pending_since.is_some() && !listed[0].resending);
    }
    let summary = summary(&stack, |summary| summary.pending == 1).await;
    assert_eq!((summary.users_with_problems, summary.resending), (1, 0));
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_user_that_is_retried_is_listed_with_its_failures() {
    let (stack, service) = Stack::serving(&[]).await;
    let epoch = stack.lease("w").await;
    stack.update(&ada("1")).await.unwrap();
    for failures in 1..=2 {
        let given = stack.claim("w", epoch, &["1"]).await.unwrap();
        let failed = AttemptResult {
            failure: Some(AttemptFailure {
                reason: Reason::ours("TIMED_OUT", "no answer"),
                is_counted: false,
                is_transient: true,
            }),
            ..no_result(&given.claims[0])
        };
        stack.report("w", vec![failed]).await;
        let listed = list(&stack, UserFilter::Pending, None).await.users;
        let last_failure = listed[0].last_failure.as_ref().map(|reason| reason.code.as_str());
        assert_eq!((listed[0].failures, last_failure), (failures, Some("TIMED_OUT")));
        assert!(listed[0].next_attempt_at.is_some() && listed[0].reason.is_none());
    }
    service.stop().await.unwrap();
}
