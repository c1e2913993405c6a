//! Bodies as HubSpot has been seen to send them.

mod members;
mod profiles;

use std::time::Duration;

use contracts::{Field, FieldDefinitions};
use reqwest::{
    StatusCode,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde_json::json;

use super::response;
use crate::engine::{Call, CallError, CallErrorKind, Contact, RateLimit, Response};

fn update() -> Call {
    Call::Update { inputs: Vec::new() }
}

fn read() -> Call {
    Call::Read {
        contact_id: "512".into(),
    }
}

fn problem_with(call: &Call, status: u16, headers: &[(&'static str, &'static str)], body: &str) -> CallError {
    let pairs = headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    let status = StatusCode::from_u16(status).expect("a status");
    match response(
        call,
        FieldDefinitions::built_in(),
        status,
        &pairs.collect(),
        body.as_bytes(),
    ) {
        Response::Error(problem) => problem,
        other => panic!("not a problem: {other:?}"),
    }
}

fn problem(call: &Call, status: u16, body: &str) -> CallError {
    problem_with(call, status, &[], body)
}

#[test]
fn each_status_means_what_it_means() {
    let scopes = r#"{"category":"MISSING_SCOPES"}"#;
    let granular = r#"{"errors":[{"context":{"requiredGranularScopes":["crm.objects.contacts.write"]}}]}"#;
    let cases = [
        (update(), 401, "", CallErrorKind::Unauthorized),
        (update(), 403, scopes, CallErrorKind::MissingScopes),
        (update(), 403, granular, CallErrorKind::MissingScopes),
        (update(), 403, "<html>", CallErrorKind::Forbidden),
        (
            update(),
            404,
            r#"{"message":"resource not found"}"#,
            CallErrorKind::NoSuchPath,
        ),
        (Call::Account, 404, "{}", CallErrorKind::NoSuchPath),
        (
            update(),
            404,
            r#"{"category":"OBJECT_NOT_FOUND"}"#,
            CallErrorKind::NotFound,
        ),
        (
            read(),
            404,
            r#"{"message":"resource not found"}"#,
            CallErrorKind::NotFound,
        ),
        (
            read(),
            404,
            "<html>no such page</html>",
            CallErrorKind::NoSuchPath,
        ),
        (
            update(),
            408,
            "",
            CallErrorKind::ServerError { retry_after: None },
        ),
        (update(), 409, "{}", CallErrorKind::Conflict),
        (update(), 414, "", CallErrorKind::UnexpectedStatus),
        (update(), 423, "", CallErrorKind::Locked),
        (
            update(),
            400,
            r#"{"category":"LOCKED","message":"Timed out"}"#,
            CallErrorKind::Locked,
        ),
        (
            update(),
            477,
            "",
            CallErrorKind::AccountMoving { retry_after: None },
        ),
        (
            update(),
            500,
            r#"{"message":"internal error"}"#,
            CallErrorKind::ServerError { retry_after: None },
        ),
        (
            update(),
            502,
            "<html>bad gateway</html>",
            CallErrorKind::ServerError { retry_after: None },
        ),
        (
            update(),
            524,
            "",
            CallErrorKind::ServerError { retry_after: None },
        ),
        (update(), 302, "", CallErrorKind::UnexpectedStatus),
        (
            update(),
            200,
            "<html>a proxy</html>",
            CallErrorKind::UnreadableBody,
        ),
        (read(), 200, "{}", CallErrorKind::UnreadableBody),
        (update(), 200, "[]", CallErrorKind::UnreadableBody),
    ];
    for (call, status, body, kind) in cases {
        assert_eq!(problem(&call, status, body).kind, kind, "{status} {body}");
    }
}

#[test]
fn a_limit_is_told_by_its_policy_or_its_message_and_is_a_burst_otherwise() {
    let cases = [
        (
            r#"{"policyName":"TEN_SECONDLY_ROLLING","message":"x"}"#,
            RateLimit::Window,
        ),
        (r#"{"policyName":"SECONDLY"}"#, RateLimit::Window),
        (r#"{"policyName":"DAILY"}"#, RateLimit::Day),
        (
            r#"{"message":"You have reached your daily limit."}"#,
            RateLimit::Day,
        ),
        (
            r#"{"message":"You have reached your secondly limit."}"#,
            RateLimit::Window,
        ),
        (
            r#"{"message":"You have reached your ten_secondly_rolling limit."}"#,
            RateLimit::Window,
        ),
        ("", RateLimit::Window),
    ];
    for (body, policy) in cases {
        let kind = problem_with(&update(), 429, &[("retry-after", "7")], body).kind;
        assert_eq!(
            kind,
            CallErrorKind::RateLimited {
                limit: policy,
                retry_after: Some(Duration::from_secs(7))
            }
        );
    }
}

#[test]
fn properties_are_read_from_the_errors_the_message_and_the_validation_results() {
    let embedded = json!({
        "message": "Property values were not valid: [{\"isValid\":false,\"message\":\"Email address nope is invalid\",\"error\":\"INVALID_EMAIL\",\"name\":\"email\"},{\"isValid\":false,\"message\":\"no\",\"error\":\"READ_ONLY_VALUE\",\"name\":\"lastname\"}] and more",
        "category": "VALIDATION_ERROR",
        "errors": [{ "message": "told better", "code": "INVALID_EMAIL", "context": { "propertyName": ["email"] } }],
    });
    let listed = json!({
        "message": "no list here",
        "validationResults": [
            { "isValid": false, "name": "lastname", "error": "READ_ONLY_VALUE", "message": "no" },
            { "isValid": false, "name": "email", "error": "INVALID_EMAIL", "message": "told better" },
            { "isValid": true, "name": "firstname" },
        ],
    });
    for body in [embedded, listed] {
        let CallErrorKind::Invalid { fields } = problem(&update(), 400, &body.to_string()).kind else {
            panic!("not invalid: {body}")
        };
        assert!(fields.keys().eq(&[Field::EMAIL, Field::LAST_NAME]));
        assert_eq!(fields[&Field::EMAIL].code, "INVALID_EMAIL");
        assert_eq!(fields[&Field::EMAIL].message, "told better");
        assert_eq!(fields[&Field::LAST_NAME].code, "READ_ONLY_VALUE");
    }
}

#[test]
fn a_400_that_names_nothing_is_still_a_refusal_but_a_page_is_none_of_values() {
    let nameless = CallErrorKind::Invalid {
        fields: std::collections::BTreeMap::new(),
    };
    let wrong_shape = r#"{"message":"Invalid input JSON on line 1, column 33: [oops"}"#;
    for (body, kind) in [
        (wrong_shape, nameless.clone()),
        ("{}", nameless),
        ("", CallErrorKind::UnexpectedStatus),
        ("<html>", CallErrorKind::UnexpectedStatus),
    ] {
        assert_eq!(problem(&update(), 400, body).kind, kind, "{body}");
    }
}

#[test]
fn a_partial_batch_is_read_input_by_input_whatever_its_status() {
    let body = json!({
        "status": "COMPLETE",
        "results": [{ "id": "512", "objectWriteTraceId": "t-1", "properties": {} }, { "id": 513 }],
        "numErrors": 2,
        "errors": [
            { "category": "OBJECT_NOT_FOUND", "message": "gone", "context": { "ids": ["9", "10"], "objectWriteTraceId": ["t-2", "t-3"] } },
            { "category": "CONFLICT", "message": "taken", "context": { "objectWriteTraceId": ["t-4"], "existingId": ["7"] } },
            { "category": "SOMETHING_NEW", "message": "?", "context": { "objectWriteTraceId": "t-5" } },
        ],
    });
    for status in [StatusCode::OK, StatusCode::MULTI_STATUS] {
        let read = response(
            &update(),
            FieldDefinitions::built_in(),
            status,
            &HeaderMap::new(),
            body.to_string().as_bytes(),
        );
        let Response::Updated { results, errors } = read else {
            panic!("not a batch")
        };
        assert_eq!(results.len(), 2);
        assert_eq!(
            (results[0].contact_id.as_str(), results[0].trace_id.as_deref()),
            ("512", Some("t-1"))
        );
        assert_eq!(
            (results[1].contact_id.as_str(), results[1].trace_id.as_deref()),
            ("513", None)
        );
        assert_eq!(
            (&errors[0].ids[..], &errors[0].trace_ids[..]),
            (&["9".into(), "10".into()][..], &["t-2".into(), "t-3".into()][..])
        );
        let kinds: Vec<_> = errors.iter().map(|error| error.error.kind.clone()).collect();
        let conflict = CallErrorKind::Conflict;
        assert_eq!(
            kinds,
            [CallErrorKind::NotFound, conflict, CallErrorKind::UnknownCategory]
        );
        assert_eq!(errors[2].trace_ids, ["t-5"]);
    }
}

#[test]
fn a_contact_comes_with_all_its_addresses() {
    let body = r#"{"id":"512","properties":{"email":"a@x.de","hs_additional_emails":"b@x.de; c@x.de;"}}"#;
    let read = response(
        &read(),
        FieldDefinitions::built_in(),
        StatusCode::OK,
        &HeaderMap::new(),
        body.as_bytes(),
    );
    let expected = Contact {
        id: "512".into(),
        email: Some("a@x.de".into()),
        additional_emails: Some(vec!["b@x.de".into(), "c@x.de".into()]),
        former_ids: Vec::new(),
    };
    assert_eq!(read, Response::Contact(expected));
}

#[test]
fn a_reason_keeps_the_correlation_id_of_the_header_where_the_body_has_none_and_stays_short() {
    let headers = [("x-hubspot-correlation-id", "abc")];
    let reason = problem_with(&update(), 502, &headers, "<html>").reason;
    assert_eq!((reason.code.as_str(), reason.status), ("HTTP_502", Some(502)));
    assert_eq!(reason.correlation_id.as_deref(), Some("abc"));
    let long = json!({ "message": "ß".repeat(900), "correlationId": "def" }).to_string();
    let reason = problem_with(&update(), 500, &headers, &long).reason;
    assert_eq!(reason.message.chars().count(), 500);
    assert_eq!(reason.correlation_id.as_deref(), Some("def"));
}

#[test]
fn the_reason_of_one_input_has_its_category_and_the_correlation_id_of_the_answer() {
    let body = json!({ "errors": [{
        "category": "VALIDATION_ERROR",
        "message": "Property values were not valid",
        "context": { "objectWriteTraceId": ["t-1"] },
        "errors": [{ "message": "no", "code": "INVALID_EMAIL", "context": { "propertyName": ["email"] } }],
    }] });
    let headers = HeaderMap::from_iter([(
        HeaderName::from_static("x-hubspot-correlation-id"),
        HeaderValue::from_static("abc"),
    )]);
    let status = StatusCode::MULTI_STATUS;
    let read = response(
        &update(),
        FieldDefinitions::built_in(),
        status,
        &headers,
        body.to_string().as_bytes(),
    );
    let Response::Updated { errors, .. } = read else {
        panic!("not a batch: {read:?}")
    };
    let CallErrorKind::Invalid { fields } = &errors[0].error.kind else {
        panic!("not invalid: {errors:?}")
    };
    let reason = &fields[&Field::EMAIL];
    assert_eq!(
        (reason.code.as_str(), reason.category.as_deref()),
        ("INVALID_EMAIL", Some("VALIDATION_ERROR"))
    );
    assert_eq!(reason.correlation_id.as_deref(), Some("abc"));
}

#[test]
fn a_reason_that_is_reported_is_short_however_long_its_words_are() {
    let long = "X".repeat(100_000);
    let fault = json!({ "code": long, "message": long, "context": { "propertyName": ["email"] } });
    let body = json!({ "category": long, "correlationId": long, "message": long, "errors": [fault] });
    let CallErrorKind::Invalid { fields } = problem(&update(), 400, &body.to_string()).kind else {
        panic!("a refusal")
    };
    let reason = serde_json::to_string(&fields[&Field::EMAIL]).expect("JSON");
    assert!(reason.len() < 1_000, "{}", reason.len());
}
