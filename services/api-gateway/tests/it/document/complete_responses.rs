//! Responses of the user service with all optional members. A new member of a contract does not compile here until it is added,
//! and is then an error until it is documented.

use contracts::{
    AttemptReceipt, CompareUsers, Comparison, DeliveryControl, Difference, EarlierField, Field, FieldReceipt,
    Finding, FindingKind, ImportResult, Link, LinkOrigin, ListedUser, ProblemCount, ProblemKind, Reason,
    Receipt, Request, SyncProblem, SyncState, User, UserId, UserUpdated, UsersImported, UsersListed,
    UsersResynced, UsersRetried, UsersSummary, VersionState,
};
use futures_util::StreamExt;
use serde::Serialize;
use serde_json::Value;

use crate::harness::Gateway;
use crate::scripted_user_service::{Reaction, wait_for_server};

/// The responses that let an operation succeed. The first has all optional members; later pages have no `next`.
pub(super) fn complete_reactions(operation: &str) -> Vec<Reaction> {
    let Some(response) = complete_response(operation) else {
        return vec![Reaction::Silence];
    };
    let mut last = response.clone();
    last.as_object_mut().unwrap().remove("next");
    vec![Reaction::Answer(response), Reaction::Answer(last)]
}

/// Answers requests for comparisons in place of a worker. It passes them to the scripted user service.
pub(super) async fn script_worker(gateway: &Gateway) {
    let client = async_nats::connect(gateway.nats.url()).await.unwrap();
    let mut requests = client.subscribe(CompareUsers::SUBJECT).await.unwrap();
    wait_for_server(&client).await;
    tokio::spawn(async move {
        while let Some(request) = requests.next().await {
            let reply = request.reply.unwrap();
            let passed_on = client.publish_with_reply("users.compared", reply, request.payload);
            passed_on.await.unwrap();
        }
    });
}

/// The response that lets an operation succeed; `None` for an operation that sends no request.
pub(super) fn complete_response(operation: &str) -> Option<Value> {
    Some(match operation {
        "getUser" => value(&user()),
        "updateUser" => value(&UserUpdated {
            user: user(),
            changed: true,
            sync: VersionState {
                state: SyncState::Confirmed,
                version: 7,
            },
        }),
        "importUsers" => value(&UsersImported {
            results: vec![
                ImportResult::Changed { version: 7 },
                ImportResult::Unchanged { version: 7 },
            ],
        }),
        "getReceipt" | "linkUser" | "unlinkUser" => value(&receipt()),
        "listUsers" => value(&listed()),
        "summarize" | "streamEvents" => value(&summary()),
        "retryUsers" => value(&UsersRetried {
            retried: 1,
            skipped: 2,
            unknown: vec![id("8")],
            next: Some("3:TIMED_OUT:7".to_owned()),
        }),
        "resyncUsers" => value(&UsersResynced {
            resynced: 1,
            shared: 2,
            skipped: 3,
            unknown: vec![id("8")],
            next: Some(id("u-99")),
        }),
        "findDrift" | "dryRun" => value(&comparison()),
        "readPause" | "pause" | "resume" => value(&DeliveryControl {
            paused: true,
            paused_since: Some(time()),
        }),
        "listFields" | "healthz" | "readyz" | "metrics" | "console" | "docs" | "openapi" => return None,
        other => panic!("add the response for {other} here"),
    })
}

fn value(response: &impl Serialize) -> Value {
    serde_json::to_value(response).unwrap()
}

pub(super) fn id(text: &str) -> UserId {
    text.parse().unwrap()
}

pub(super) fn time() -> String {
    "2026-01-05T09:30:00.123Z".to_owned()
}

fn reason() -> Reason {
    Reason {
        code: "INVALID_EMAIL".to_owned(),
        category: Some("VALIDATION_ERROR".to_owned()),
        message: "not an address".to_owned(),
        status: Some(400),
        correlation_id: Some("c-1".to_owned()),
    }
}

fn user() -> User {
    User {
        user_id: id("1"),
        values: Field::BUILT_IN
            .map(|field| (field, (field == Field::EMAIL).then(|| "bh@hubspot.com".into())))
            .into(),
        version: 7,
        updated_at: time(),
    }
}

fn receipt() -> Receipt {
    let field = FieldReceipt {
        state: SyncState::Rejected,
        resending: true,
        normalized: true,
        shown: false,
        reason: Some(reason()),
        recorded_at: Some(time()),
    };
    Receipt {
        user_id: id("1"),
        version: 7,
        state: SyncState::Rejected,
        resending: true,
        fields: Field::BUILT_IN.map(|name| (name, field.clone())).into(),
        overall_state: SyncState::Rejected,
        earlier_fields: [(Field::LAST_NAME, EarlierField { version: 6, field })].into(),
        problems: vec![SyncProblem {
            problem: ProblemKind::NotFound,
            fields: [Field::EMAIL].into_iter().collect(),
            explanation: "what happened".to_owned(),
            remedy: "what to do".to_owned(),
            addresses: vec!["bh@hubspot.com".to_owned()],
            next_attempt_at: Some(time()),
        }],
        contact: Some(Link {
            contact_id: "51".to_owned(),
            account_id: "1234567".to_owned(),
            address: Some("bh@hubspot.com".to_owned()),
            origin: LinkOrigin::PrimaryAddress,
            shared: true,
        }),
        attempts: 3,
        failures: 2,
        last_failure: Some(reason()),
        next_attempt_at: Some(time()),
        last_attempts: vec![AttemptReceipt {
            attempt: 3,
            version: 7,
            at: time(),
            duration_ms: 306,
            status: Some(400),
            code: Some("INVALID_EMAIL".to_owned()),
            category: Some("VALIDATION_ERROR".to_owned()),
            correlation_id: Some("c-1".to_owned()),
        }],
        current_version: 8,
    }
}

fn listed() -> UsersListed {
    let user = ListedUser {
        user_id: id("7"),
        version: 3,
        state: SyncState::Failed,
        resending: true,
        reason: Some(reason().into()),
        attempts: 10,
        failures: 2,
        last_failure: Some(reason().into()),
        updated_at: time(),
        next_attempt_at: Some(time()),
        pending_since: Some(time()),
    };
    UsersListed {
        users: vec![user],
        next: Some("3:INVALID_EMAIL:7".to_owned()),
    }
}

fn summary() -> UsersSummary {
    UsersSummary {
        pending: 12,
        resending: 1,
        oldest_pending: Some(time()),
        oldest_pending_age_ms: Some(1_500),
        problems: vec![ProblemCount {
            state: SyncState::Rejected,
            reason: Some("INVALID_EMAIL".to_owned()),
            users: 3,
            example: id("7"),
        }],
        users_with_problems: 3,
        counted_at: time(),
    }
}

fn comparison() -> Comparison {
    let finding = Finding {
        user_id: id("7"),
        kind: FindingKind::Changed,
        contact_id: Some("51".to_owned()),
        fields: vec![Difference {
            field: Field::FIRST_NAME,
            user_value: Some("Brian".into()),
            contact_value: Some("Bryan".into()),
        }],
    };
    Comparison {
        checked: 100,
        skipped: 1,
        findings: vec![finding],
        repaired: 1,
        changed_meanwhile: 1,
        unknown: vec![id("8")],
        next: Some(id("u-99")),
    }
}
