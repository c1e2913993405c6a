//! Results of attempts, and the answer of the user service to a report.

use contracts::{
    AttemptFailure, AttemptResult, ClaimUsers, Confirmation, ErrorCode, Field, FieldResult, FieldSet,
    LinkOrigin, NewLink, NextAction, ReportResults, ReportedUser, ResultsReported, Retraction, UsersClaimed,
    WriteTarget,
};
use serde_json::json;

use crate::{assert_json, reason, reason_json};

fn attempt_result() -> AttemptResult {
    AttemptResult {
        user_id: "a".parse().unwrap(),
        attempt: 4.try_into().unwrap(),
        version: 3,
        field_results: std::collections::BTreeMap::new(),
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

#[test]
fn every_field_result_has_its_json() {
    let results = [
        (FieldResult::CONFIRMED, json!({ "result": "confirmed" })),
        (
            FieldResult::Confirmed(Confirmation::in_form("Ada".to_owned())),
            json!({ "result": "confirmed", "normalized": "Ada" }),
        ),
        (
            FieldResult::Confirmed(Confirmation::NOT_SHOWN),
            json!({ "result": "confirmed", "shown": false }),
        ),
        (FieldResult::NotFound, json!({ "result": "notFound" })),
        (
            FieldResult::Rejected { reason: reason() },
            json!({ "result": "rejected", "reason": reason_json() }),
        ),
        (
            FieldResult::Conflict { reason: reason() },
            json!({ "result": "conflict", "reason": reason_json() }),
        ),
        (
            FieldResult::Failed {
                reason: reason(),
                is_transient: true,
            },
            json!({ "result": "failed", "reason": reason_json(), "isTransient": true }),
        ),
    ];
    for (result, json) in results {
        assert_json(&result, json);
    }
}

#[test]
fn a_result_leaves_out_absent_members() {
    let json = json!({
        "userId": "a", "attempt": 4, "version": 3, "fieldResults": {}, "written": [],
        "mayApplyLate": false
    });
    assert_json(&attempt_result(), json);
}

#[test]
fn a_result_has_fields_writes_link_and_failure() {
    let attempt_result = AttemptResult {
        field_results: [(Field::FIRST_NAME, FieldResult::CONFIRMED)].into(),
        written: FieldSet::from_iter([Field::FIRST_NAME]),
        may_apply_late: true,
        target: Some(WriteTarget::contact("4711", "100")),
        may_have_created: false,
        last_response: None,
        link: Some(NewLink {
            contact_id: "101".to_owned(),
            account_id: "4711".to_owned(),
            address: Some("ada@example.com".to_owned()),
            origin: LinkOrigin::SecondaryAddress,
            primary_address: Some("eva@example.com".to_owned()),
            former_ids: vec!["99".to_owned()],
        }),
        confirmed_address: Some("ada@example.com".to_owned()),
        lacks_address: true,
        failure: Some(AttemptFailure {
            reason: reason(),
            is_counted: true,
            is_transient: false,
        }),
        ..attempt_result()
    };
    let json = json!({
        "userId": "a", "attempt": 4, "version": 3,
        "fieldResults": { "firstName": { "result": "confirmed" } }, "written": ["firstName"],
        "mayApplyLate": true,
        "target": "contact/4711/100",
        "link": {
            "contactId": "101", "accountId": "4711", "address": "ada@example.com", "origin": "secondaryAddress",
            "primaryAddress": "eva@example.com", "formerIds": ["99"]
        },
        "confirmedAddress": "ada@example.com",
        "lacksAddress": true,
        "failure": { "reason": reason_json(), "isCounted": true, "isTransient": false }
    });
    assert_json(&attempt_result, json);
}

#[test]
fn each_link_origin_has_its_word() {
    let words = [
        (LinkOrigin::PrimaryAddress, "primaryAddress"),
        (LinkOrigin::SecondaryAddress, "secondaryAddress"),
        (LinkOrigin::Followed, "followed"),
        (LinkOrigin::Merged, "merged"),
        (LinkOrigin::Created, "created"),
        (LinkOrigin::ByOperator, "byOperator"),
    ];
    for (found, word) in words {
        assert_json(&found, json!(word));
    }
}

#[test]
fn a_report_has_results_and_the_next_claim() {
    let mut request = ReportResults {
        holder: "w".to_owned(),
        results: Vec::new(),
        retractions: Vec::new(),
        claim: Some(ClaimUsers {
            holder: "w".to_owned(),
            epoch: 7,
            users: Vec::new(),
            limit: 1,
            fields_revision: None,
        }),
    };
    let json = json!({
        "holder": "w", "results": [], "claim": { "holder": "w", "epoch": 7, "users": [], "limit": 1 }
    });
    assert_json(&request, json);
    request.claim = None;
    assert_json(&request, json!({ "holder": "w", "results": [] }));
    request.retractions.push(Retraction {
        user_id: "a".parse().unwrap(),
        field: Field::FIRST_NAME,
        code: "RULE".to_owned(),
    });
    let retraction = json!({ "userId": "a", "field": "firstName", "code": "RULE" });
    assert_json(
        &request,
        json!({ "holder": "w", "results": [], "retractions": [retraction] }),
    );
}

#[test]
fn a_reported_user_has_its_next_action() {
    let next = [
        (NextAction::Clean, json!({ "next": "clean" })),
        (NextAction::Now, json!({ "next": "now" })),
        (
            NextAction::Later { in_ms: 1_500 },
            json!({ "next": "later", "inMs": 1500 }),
        ),
        (NextAction::Superseded, json!({ "next": "superseded" })),
    ];
    for (next, json) in next {
        let user = ReportedUser {
            user_id: "a".parse().unwrap(),
            next,
        };
        let answer = ResultsReported {
            users: vec![user],
            claims: None,
            claims_error: None,
        };
        assert_json(&answer, json!({ "users": [{ "userId": "a", "next": json }] }));
    }
}

#[test]
fn an_answer_to_a_report_has_claims_or_an_error() {
    let mut answer = ResultsReported {
        users: Vec::new(),
        claims: Some(UsersClaimed::default()),
        claims_error: None,
    };
    let none = json!({
        "claims": [], "clean": [], "inProgress": [], "leftOut": [], "moreLeftOpen": false
    });
    assert_json(&answer, json!({ "users": [], "claims": none }));
    (answer.claims, answer.claims_error) = (None, Some(ErrorCode::StaleEpoch));
    assert_json(&answer, json!({ "users": [], "claimsError": "stale_epoch" }));
}
