//! What is read of an answer: the members that HubSpot has, by codes, whatever the language of its messages.

use contracts::FieldDefinitions;
use reqwest::{StatusCode, header::HeaderMap};
use serde_json::json;

use super::{super::response, problem, problem_with, update};
use crate::engine::{Call, CallErrorKind, RateLimit, Response};

#[test]
fn the_record_in_the_way_is_read_from_the_context_only() {
    let bodies = [
        r#"{"message":"Contact already exists","context":{"existingId":["6501"]}}"#,
        r#"{"message":"Contact already exists. Existing ID: 7","context":{"existingId":["6501"]}}"#,
        r#"{"category":"OBJECT_ALREADY_EXISTS","errors":[{"message":"taken","context":{"existingId":[6501]}}]}"#,
    ];
    for body in bodies {
        let expected = CallErrorKind::Conflict;
        assert_eq!(problem(&update(), 409, body).kind, expected, "{body}");
    }
    // In words, in whatever language, it is no more than a hint; who has the address is looked up.
    for words in [
        r#"{"message":"Contact already exists"}"#,
        r#"{"message":"Contact already exists. Existing ID: 6501","category":"CONFLICT"}"#,
        r#"{"message":"El contacto ya existe. ID existente: 6501","category":"CONFLICT"}"#,
        r#"{"category":"OBJECT_ALREADY_EXISTS","errors":[{"message":"A contact with email X already exists. Existing ID: 6501","in":"email"}]}"#,
    ] {
        assert_eq!(
            problem(&update(), 409, words).kind,
            CallErrorKind::Conflict,
            "{words}"
        );
    }
}

#[test]
fn the_own_id_of_an_error_is_no_records_id() {
    let body = json!({ "errors": [
        { "id": "512", "category": "OBJECT_NOT_FOUND", "message": "gone", "context": { "ids": ["9"] } },
        { "id": "512", "category": "VALIDATION_ERROR", "message": "no" },
    ] });
    let read = response(
        &update(),
        FieldDefinitions::built_in(),
        StatusCode::MULTI_STATUS,
        &HeaderMap::new(),
        body.to_string().as_bytes(),
    );
    let Response::Updated { errors, .. } = read else {
        panic!("not a batch")
    };
    let ids: Vec<_> = errors.iter().map(|error| error.ids.join(" ")).collect();
    assert_eq!(ids, ["9", ""]);
}

#[test]
fn an_account_needs_its_portal_id_and_nothing_else() {
    let read = |body: &str| {
        response(
            &Call::Account,
            FieldDefinitions::built_in(),
            StatusCode::OK,
            &HeaderMap::new(),
            body.as_bytes(),
        )
    };
    let expected = Response::Account {
        account_id: "62515".into(),
        details_refused: false,
    };
    assert_eq!(read(r#"{"portalId":62515}"#), expected);
    let unreadable = read(r#"{"portalName":"x","name":"y"}"#);
    assert!(matches!(unreadable, Response::Error(problem) if problem.kind == CallErrorKind::UnreadableBody));
}

#[test]
fn a_refusal_of_the_account_is_about_scopes_in_any_words() {
    let other_language = r#"{"status":"error","message":"Esta app no tiene los permisos"}"#;
    assert_eq!(
        problem(&Call::Account, 403, other_language).kind,
        CallErrorKind::MissingScopes
    );
    assert_eq!(
        problem(&update(), 403, other_language).kind,
        CallErrorKind::Forbidden
    );
    assert_eq!(
        problem(&Call::Account, 403, "<html>").kind,
        CallErrorKind::Forbidden
    );
}

#[test]
fn a_limit_without_a_policy_is_the_days_where_nothing_is_left_of_the_day() {
    let other_language = r#"{"message":"Has alcanzado tu limite diario.","errorType":"RATE_LIMIT"}"#;
    let policy = |left, body| {
        let headers = [("x-hubspot-ratelimit-daily-remaining", left)];
        match problem_with(&update(), 429, &headers, body).kind {
            CallErrorKind::RateLimited { limit: policy, .. } => policy,
            other => panic!("not a limit: {other:?}"),
        }
    };
    assert_eq!(policy("0", other_language), RateLimit::Day);
    assert_eq!(policy("1", other_language), RateLimit::Window);
    assert_eq!(
        policy("0", r#"{"policyName":"TEN_SECONDLY_ROLLING"}"#),
        RateLimit::Window
    );
}
