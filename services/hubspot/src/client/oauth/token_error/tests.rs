//! Each refusal by its members.

use serde_json::{Value, json};

use super::*;

fn refusal(status: u16, body: &Value) -> TokenError {
    TokenError::from_response(status, &HeaderMap::new(), body.to_string().as_bytes())
}

#[test]
fn a_refusal_is_told_by_its_status_member_before_its_error_member() {
    let cases = [
        (
            json!({"status": "BAD_REFRESH_TOKEN", "error": "invalid_grant"}),
            CallErrorKind::Disconnected,
        ),
        (
            json!({"status": "BAD_HUB", "error": "access_denied"}),
            CallErrorKind::Disconnected,
        ),
        (json!({"error": "invalid_grant"}), CallErrorKind::Disconnected),
        (json!({"error": "access_denied"}), CallErrorKind::Disconnected),
        (
            json!({"status": "BAD_CLIENT_ID", "error": "invalid_client"}),
            CallErrorKind::Misconfigured,
        ),
        (
            json!({"status": "BAD_CLIENT_SECRET", "error": "invalid_grant"}),
            CallErrorKind::Misconfigured,
        ),
        (json!({"status": "BAD_GRANT_TYPE"}), CallErrorKind::Misconfigured),
        (
            json!({"status": "BAD_REDIRECT_URI"}),
            CallErrorKind::Misconfigured,
        ),
        (json!({"error": "invalid_client"}), CallErrorKind::Misconfigured),
    ];
    for (body, kind) in cases {
        for status in [400, 401, 403] {
            assert_eq!(refusal(status, &body).call_error.kind, kind, "{body}");
        }
    }
}

#[test]
fn what_is_not_understood_may_pass() {
    let bodies = [
        json!({}),
        json!([]),
        json!({"status": "error", "message": "BAD_CLIENT_ID"}),
        json!({"status": 7, "error": null}),
        json!({"error": "slow_down"}),
    ];
    for body in bodies {
        let refusal = refusal(400, &body);
        assert_eq!(refusal.call_error.kind, CallErrorKind::NoToken, "{body}");
        assert!(refusal.is_temporary());
    }
}

#[test]
fn a_limit_and_an_endpoint_that_is_unwell_pass_whatever_the_body_says() {
    let body = json!({"status": "BAD_REFRESH_TOKEN"});
    for status in [429, 500, 502, 503, 599] {
        assert!(refusal(status, &body).is_temporary(), "{status}");
    }
}

#[test]
fn a_reason_has_a_code_and_nothing_of_hubspots_own_words() {
    let body = json!({"status": "BAD_REFRESH_TOKEN", "message": "refresh token rt-1 is unknown", "correlationId": "c"});
    let reason = refusal(400, &body).call_error.reason;
    assert_eq!(
        (reason.code.as_str(), reason.correlation_id.as_deref()),
        ("BAD_REFRESH_TOKEN", Some("c"))
    );
    assert!(!reason.message.contains("rt-1"));
    let limited =
        json!({"status": "error", "policyName": "SECONDLY", "message": "You have reached your rate limit."});
    assert_eq!(refusal(429, &limited).call_error.reason.code, "SECONDLY");
    let wordy = json!({"status": "the refresh token rt-1 is unknown"});
    assert_eq!(refusal(400, &wordy).call_error.reason.code, "HTTP_400");
}

#[test]
fn the_wait_that_hubspot_asks_for_is_kept() {
    let headers = HeaderMap::from_iter([(reqwest::header::RETRY_AFTER, "7".parse().expect("a header"))]);
    let refusal = TokenError::from_response(429, &headers, b"");
    assert_eq!(refusal.retry_after, Some(Duration::from_secs(7)));
}
