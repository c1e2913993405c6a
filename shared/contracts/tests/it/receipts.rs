//! The JSON of receipts.

use contracts::{
    AttemptReceipt, EarlierField, Field, FieldReceipt, Link, LinkOrigin, ProblemKind, Receipt, SyncProblem,
    SyncState,
};
use serde_json::json;

use crate::{assert_json, reason, reason_json};

#[test]
fn every_state_has_its_word() {
    let words = [
        (SyncState::Pending, "pending"),
        (SyncState::Rejected, "rejected"),
        (SyncState::Conflict, "conflict"),
        (SyncState::Failed, "failed"),
        (SyncState::NotFound, "notFound"),
        (SyncState::Confirmed, "confirmed"),
        (SyncState::Superseded, "superseded"),
    ];
    for (state, word) in words {
        assert_json(&state, json!(word));
    }
}

#[test]
fn a_receipt_has_state_and_reason_of_each_field() {
    let rejected = FieldReceipt {
        state: SyncState::Rejected,
        resending: true,
        normalized: false,
        shown: true,
        reason: Some(reason()),
        recorded_at: Some("2026-01-02T03:04:05.678Z".to_owned()),
    };
    let pending = FieldReceipt {
        state: SyncState::Pending,
        resending: false,
        normalized: false,
        shown: true,
        reason: None,
        recorded_at: None,
    };
    let earlier = EarlierField {
        version: 1,
        field: FieldReceipt {
            state: SyncState::Failed,
            resending: true,
            normalized: false,
            shown: true,
            reason: None,
            recorded_at: None,
        },
    };
    let receipt = Receipt {
        user_id: "u-7".parse().unwrap(),
        version: 2,
        state: SyncState::Pending,
        resending: true,
        fields: [(Field::EMAIL, rejected), (Field::LAST_NAME, pending)].into(),
        overall_state: SyncState::Failed,
        earlier_fields: [(Field::FIRST_NAME, earlier)].into(),
        problems: vec![SyncProblem {
            problem: ProblemKind::NotFound,
            fields: [Field::FIRST_NAME].into_iter().collect(),
            explanation: "what happened".to_owned(),
            remedy: "what to do".to_owned(),
            addresses: vec!["ada@example.com".to_owned()],
            next_attempt_at: Some("2026-01-02T03:05:05.678Z".to_owned()),
        }],
        contact: Some(Link {
            contact_id: "101".to_owned(),
            account_id: "4711".to_owned(),
            address: Some("ada@example.com".to_owned()),
            origin: LinkOrigin::PrimaryAddress,
            shared: true,
        }),
        attempts: 5,
        failures: 3,
        last_failure: Some(reason()),
        next_attempt_at: Some("2026-01-02T03:04:09.678Z".to_owned()),
        last_attempts: attempts(),
        current_version: 3,
    };
    let json = json!({
        "userId": "u-7", "version": 2, "state": "pending", "resending": true,
        "fields": {
            "email": {
                "state": "rejected", "resending": true, "reason": reason_json(),
                "recordedAt": "2026-01-02T03:04:05.678Z"
            },
            "lastName": { "state": "pending" }
        },
        "overallState": "failed",
        "earlierFields": { "firstName": { "version": 1, "state": "failed", "resending": true } },
        "problems": [{
            "problem": "notFound", "fields": ["firstName"], "explanation": "what happened", "remedy": "what to do",
            "addresses": ["ada@example.com"], "nextAttemptAt": "2026-01-02T03:05:05.678Z"
        }],
        "contact": {
            "contactId": "101", "accountId": "4711", "address": "ada@example.com", "origin": "primaryAddress",
            "shared": true
        },
        "attempts": 5, "failures": 3, "lastFailure": reason_json(), "nextAttemptAt": "2026-01-02T03:04:09.678Z",
        "lastAttempts": [
            {
                "attempt": 5, "version": 3, "at": "2026-01-02T03:04:05.678Z", "durationMs": 123, "status": 400,
                "code": "INVALID_EMAIL", "category": "VALIDATION_ERROR", "correlationId": "c-1"
            },
            { "attempt": 4, "version": 2, "at": "2026-01-02T03:04:04.000Z", "durationMs": 60000 }
        ],
        "currentVersion": 3
    });
    assert_json(&receipt, json);
}

#[test]
fn a_confirmed_field_says_how_hubspot_has_it() {
    let confirmed = |normalized, shown| FieldReceipt {
        state: SyncState::Confirmed,
        resending: false,
        normalized,
        shown,
        reason: None,
        recorded_at: None,
    };
    assert_json(&confirmed(false, true), json!({ "state": "confirmed" }));
    assert_json(
        &confirmed(true, true),
        json!({ "state": "confirmed", "normalized": true }),
    );
    assert_json(
        &confirmed(false, false),
        json!({ "state": "confirmed", "shown": false }),
    );
}

fn attempts() -> Vec<AttemptReceipt> {
    vec![
        AttemptReceipt {
            attempt: 5,
            version: 3,
            at: "2026-01-02T03:04:05.678Z".to_owned(),
            duration_ms: 123,
            status: Some(400),
            code: Some("INVALID_EMAIL".to_owned()),
            category: Some("VALIDATION_ERROR".to_owned()),
            correlation_id: Some("c-1".to_owned()),
        },
        AttemptReceipt {
            attempt: 4,
            version: 2,
            at: "2026-01-02T03:04:04.000Z".to_owned(),
            duration_ms: 60_000,
            status: None,
            code: None,
            category: None,
            correlation_id: None,
        },
    ]
}

#[test]
fn a_receipt_leaves_out_absent_members() {
    let receipt = Receipt {
        user_id: "u-7".parse().unwrap(),
        version: 1,
        state: SyncState::Superseded,
        resending: false,
        fields: std::collections::BTreeMap::new(),
        overall_state: SyncState::Confirmed,
        earlier_fields: std::collections::BTreeMap::new(),
        problems: Vec::new(),
        contact: None,
        attempts: 0,
        failures: 0,
        last_failure: None,
        next_attempt_at: None,
        last_attempts: Vec::new(),
        current_version: 3,
    };
    let json = json!({
        "userId": "u-7", "version": 1, "state": "superseded", "resending": false, "fields": {}, "overallState": "confirmed",
        "attempts": 0, "currentVersion": 3
    });
    assert_json(&receipt, json);
}

#[test]
fn each_kind_of_problem_has_its_word() {
    for (kind, word) in [
        (ProblemKind::Rejected, "rejected"),
        (ProblemKind::Conflict, "conflict"),
        (ProblemKind::Failed, "failed"),
        (ProblemKind::NotFound, "notFound"),
    ] {
        assert_json(&kind, json!(word));
    }
}
