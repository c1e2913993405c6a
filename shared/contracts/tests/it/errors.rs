//! The JSON of errors.

use contracts::{ErrorCode, InvalidValue, ServiceError};
use serde_json::json;

use crate::assert_json;

#[test]
fn every_error_code_has_its_word_and_number() {
    let codes = [
        (ErrorCode::InvalidRequest, "invalid_request", 400),
        (ErrorCode::UserNotFound, "user_not_found", 404),
        (ErrorCode::EmailRequired, "email_required", 400),
        (ErrorCode::VersionMismatch, "version_mismatch", 412),
        (ErrorCode::KeyReused, "key_reused", 422),
        (ErrorCode::TooManyKeys, "too_many_keys", 429),
        (ErrorCode::Expired, "expired", 408),
        (ErrorCode::Unavailable, "unavailable", 503),
        (ErrorCode::OutcomeUnknown, "outcome_unknown", 504),
        (ErrorCode::StaleEpoch, "stale_epoch", 409),
        (ErrorCode::NoAccount, "no_account", 409),
        (ErrorCode::ContactHeld, "contact_held", 409),
        (ErrorCode::Internal, "internal", 500),
    ];
    for (code, word, number) in codes {
        assert_json(&code, json!(word));
        assert_eq!(code.number(), number);
    }
}

#[test]
fn an_error_has_code_message_and_optional_members() {
    let mut error = ServiceError::new(ErrorCode::VersionMismatch, "the version is outdated");
    assert_json(
        &error,
        json!({ "code": "version_mismatch", "message": "the version is outdated" }),
    );
    error.current_version = Some(4);
    error.retry_after_ms = Some(1_500);
    error.invalid_values = vec![InvalidValue {
        pointer: "/email".to_owned(),
        detail: "must be an address".to_owned(),
    }];
    let json = json!({
        "code": "version_mismatch", "message": "the version is outdated", "currentVersion": 4, "retryAfterMs": 1500,
        "invalidValues": [{ "pointer": "/email", "detail": "must be an address" }]
    });
    assert_json(&error, json);
}
