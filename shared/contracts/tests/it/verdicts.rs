//! Verdicts and what the user service makes of them.

use contracts::{
    AttemptFailure, AttemptResult, ClaimUsers, ErrorCode, Field, FieldResult, FieldSet, LinkOrigin, NewLink,
    NextAction, ReportResults, ReportedUser, ResultsReported, Retraction, UsersClaimed,
};
use serde_json::json;

use crate::{pin, reason, reason_json};

fn verdict() -> AttemptResult {
    AttemptResult {
        user_id: "a".parse().unwrap(),
        attempt: 4.try_into().unwrap(),
        version: 3,
        field_results: std::collections::BTreeMap::new(),
        written: FieldSet::EMPTY,
        may_apply_late: false,
        may_have_created: false,
        last_response: None,
        link: None,
        confirmed_address: None,
        failure: None,
    }
}

#[test]
fn every_outcome_has_its_word() {
    let outcomes = [
        (FieldResult::Confirmed, json!({ "result": "confirmed" })),
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
    for (outcome, json) in outcomes {
        pin(&outcome, json);
    }
}

#[test]
fn a_verdict_leaves_out_what_did_not_happen() {
    let json = json!({
        "userId": "a", "attempt": 4, "version": 3, "fieldResults": {}, "written": [],
        "mayApplyLate": false
    });
    pin(&verdict(), json);
}

#[test]
fn a_verdict_tells_outcomes_writes_link_and_failure() {
    let verdict = AttemptResult {
        field_results: [(Field::FIRST_NAME, FieldResult::Confirmed)].into(),
        written: FieldSet::from_iter([Field::FIRST_NAME]),
        may_apply_late: true,
        may_have_created: false,
        last_response: None,
        link: Some(NewLink {
            contact_id: "101".to_owned(),
            account_id: "4711".to_owned(),
            address: Some("ada@example.com".to_owned()),
            origin: LinkOrigin::SecondaryAddress,
        }),
        confirmed_address: Some("ada@example.com".to_owned()),
        failure: Some(AttemptFailure {
            reason: reason(),
            is_counted: true,
            is_transient: false,
        }),
        ..verdict()
    };
    let json = json!({
        "userId": "a", "attempt": 4, "version": 3,
        "fieldResults": { "firstName": { "result": "confirmed" } }, "written": ["firstName"],
        "mayApplyLate": true,
        "link": {
            "contactId": "101", "accountId": "4711", "address": "ada@example.com", "origin": "secondaryAddress"
        },
        "confirmedAddress": "ada@example.com",
        "failure": { "reason": reason_json(), "isCounted": true, "isTransient": false }
    });
    pin(&verdict, json);
}

#[test]
fn a_contact_is_found_in_one_of_four_ways() {
    let words = [
        (LinkOrigin::PrimaryAddress, "primaryAddress"),
        (LinkOrigin::SecondaryAddress, "secondaryAddress"),
        (LinkOrigin::Followed, "followed"),
        (LinkOrigin::Merged, "merged"),
        (LinkOrigin::Created, "created"),
        (LinkOrigin::ByOperator, "byOperator"),
    ];
    for (found, word) in words {
        pin(&found, json!(word));
    }
}

#[test]
fn verdicts_are_recorded_with_the_next_claims() {
    let mut request = ReportResults {
        holder: "w".to_owned(),
        results: Vec::new(),
        retractions: Vec::new(),
        claim: Some(ClaimUsers {
            holder: "w".to_owned(),
            epoch: 7,
            users: Vec::new(),
            limit: 1,
        }),
    };
    let json = json!({
        "holder": "w", "results": [], "claim": { "holder": "w", "epoch": 7, "users": [], "limit": 1 }
    });
    pin(&request, json);
    request.claim = None;
    pin(&request, json!({ "holder": "w", "results": [] }));
    request.retractions.push(Retraction {
        user_id: "a".parse().unwrap(),
        field: Field::FIRST_NAME,
        code: "RULE".to_owned(),
    });
    let withdrawal = json!({ "userId": "a", "field": "firstName", "code": "RULE" });
    pin(
        &request,
        json!({ "holder": "w", "results": [], "retractions": [withdrawal] }),
    );
}

#[test]
fn the_answer_says_what_comes_next_for_each_user() {
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
        pin(&answer, json!({ "users": [{ "userId": "a", "next": json }] }));
    }
}

#[test]
fn the_answer_has_the_claims_or_says_why_not() {
    let mut answer = ResultsReported {
        users: Vec::new(),
        claims: Some(UsersClaimed::default()),
        claims_error: None,
    };
    let none = json!({
        "claims": [], "clean": [], "inProgress": [], "leftOut": [], "moreLeftOpen": false
    });
    pin(&answer, json!({ "users": [], "claims": none }));
    (answer.claims, answer.claims_error) = (None, Some(ErrorCode::StaleEpoch));
    pin(&answer, json!({ "users": [], "claimsError": "stale_epoch" }));
}
