//! `PATCH /users/{userId}`: the request to the user service and the response to the caller.

use contracts::{ErrorCode, InvalidValue, ServiceError, headers};
use serde_json::json;

use crate::harness::{Gateway, JSON, MERGE_PATCH, problem, slug};
use crate::scripted_user_service::{Reaction, ScriptedUserService, reject, updated, user};

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test]
async fn a_change_is_answered_with_user_tag_and_receipt_link() {
    let gateway = Gateway::start().await;
    let scripted_user_service =
        ScriptedUserService::start(&gateway, vec![Reaction::Answer(updated(7))]).await;

    let body = r#"{"email":"bh@hubspot.com","firstName":"Brian","lastName":null}"#;
    let request = gateway.patch("/users/1", "application/json; charset=utf-8", body);
    let response = request
        .header("x-request-id", "id-1")
        .header("traceparent", TRACE)
        .send()
        .await
        .unwrap();

    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["etag"], "\"7\"");
    assert_eq!(
        response.headers()["link"],
        "</users/1/sync?version=7>; rel=\"status\""
    );
    assert_eq!(response.headers()["x-request-id"], "id-1");
    let response: serde_json::Value = response.json().await.unwrap();
    let message = response["message"].as_str().unwrap();
    let sync = json!({ "state": "pending", "version": 7 });
    assert_eq!(
        response,
        json!({ "success": true, "message": message, "changed": true, "user": user(7), "sync": sync })
    );

    let requests = &scripted_user_service.requests()[0];
    assert_eq!(requests.subject, "users.update");
    assert_eq!(requests.body["userId"], "1");
    assert_eq!(requests.body["form"], "json");
    assert_eq!(
        requests.body["fields"],
        json!({ "email": "bh@hubspot.com", "firstName": "Brian" })
    );
    assert!(requests.body.get("ifMatch").is_none(), "{requests:?}");
    assert!(requests.body.get("idempotencyKey").is_none(), "{requests:?}");
    assert!(requests.body["senderTry"]["number"].is_u64());
    assert_eq!(requests.header(headers::REQUEST_ID), Some("id-1"));
    assert_eq!(requests.header(headers::TRACEPARENT), Some(TRACE));
}

#[tokio::test]
async fn a_merge_patch_keeps_its_nulls_and_may_be_empty() {
    let gateway = Gateway::start().await;
    let scripted_user_service =
        ScriptedUserService::start(&gateway, vec![Reaction::Answer(updated(2))]).await;
    for body in [r#"{"firstName":null}"#, "{}"] {
        let response = gateway.patch("/users/1", MERGE_PATCH, body).send().await.unwrap();
        assert_eq!(response.status(), 200);
    }
    let requests = scripted_user_service.requests();
    assert_eq!(requests[0].body["form"], "mergePatch");
    assert_eq!(requests[0].body["fields"], json!({ "firstName": null }));
    assert_eq!(requests[1].body["fields"], json!({}));
}

#[tokio::test]
async fn a_change_passes_on_its_condition_and_key() {
    let gateway = Gateway::start().await;
    let scripted_user_service =
        ScriptedUserService::start(&gateway, vec![Reaction::Answer(updated(7))]).await;
    let request = gateway
        .valid_change()
        .header("if-match", "\"6\"")
        .header("idempotency-key", "my-key");
    assert_eq!(request.send().await.unwrap().status(), 200);
    let requests = &scripted_user_service.requests()[0];
    assert_eq!(
        (&requests.body["ifMatch"], &requests.body["idempotencyKey"]),
        (&json!(6), &json!("my-key"))
    );
}

#[tokio::test]
async fn a_change_that_changes_nothing_says_so() {
    let gateway = Gateway::start().await;
    let mut unchanged = updated(7);
    unchanged["changed"] = json!(false);
    ScriptedUserService::start(&gateway, vec![Reaction::Answer(unchanged)]).await;
    let response = gateway.valid_change().send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["etag"], "\"7\"");
    let body: serde_json::Value = response.json().await.unwrap();
    assert_eq!(
        (&body["success"], &body["changed"], &body["sync"]["version"]),
        (&json!(true), &json!(false), &json!(7))
    );
    assert!(body["message"].as_str().unwrap().contains("already"), "{body}");
}

#[tokio::test]
async fn too_many_keys_say_when_the_oldest_expires() {
    let gateway = Gateway::start().await;
    let mut error = ServiceError::new(ErrorCode::TooManyKeys, "because");
    error.retry_after_ms = Some(90_001);
    ScriptedUserService::start(
        &gateway,
        vec![Reaction::Reject(error), reject(ErrorCode::TooManyKeys)],
    )
    .await;
    for seconds in ["91", "60"] {
        let response = gateway
            .valid_change()
            .header("idempotency-key", "my-key")
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["retry-after"], seconds);
        assert_eq!(slug(&problem(response).await), "too-many-keys");
    }
}

#[tokio::test]
async fn a_percent_encoded_id_is_decoded() {
    let gateway = Gateway::start().await;
    let scripted_user_service =
        ScriptedUserService::start(&gateway, vec![Reaction::Answer(updated(1))]).await;
    let request = gateway.patch("/users/%61%2D1", JSON, r#"{"email":"a@b.de"}"#);
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert_eq!(scripted_user_service.requests()[0].body["userId"], "a-1");
}

#[tokio::test]
async fn a_version_mismatch_names_the_current_version() {
    let gateway = Gateway::start().await;
    let mut error = ServiceError::new(ErrorCode::VersionMismatch, "because");
    error.current_version = Some(9);
    ScriptedUserService::start(&gateway, vec![Reaction::Reject(error)]).await;
    let response = gateway
        .valid_change()
        .header("if-match", "\"6\"")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 412);
    let document = problem(response).await;
    assert_eq!(
        (slug(&document), &document["currentVersion"]),
        ("version-mismatch", &json!(9))
    );
}

#[tokio::test]
async fn a_weak_tag_never_matches_and_changes_nothing() {
    let gateway = Gateway::start().await;
    let script = vec![Reaction::Answer(user(6)), reject(ErrorCode::UserNotFound)];
    let scripted_user_service = ScriptedUserService::start(&gateway, script).await;
    for current in [6, 0] {
        let response = gateway
            .valid_change()
            .header("if-match", "W/\"6\"")
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 412);
        assert_eq!(problem(response).await["currentVersion"], current);
    }
    assert!(
        scripted_user_service
            .requests()
            .iter()
            .all(|requests| requests.subject == "users.get")
    );
}

#[tokio::test]
async fn each_error_of_the_user_service_becomes_its_problem() {
    let gateway = Gateway::start().await;
    let cases = [
        (ErrorCode::InvalidRequest, 400, "invalid-body"),
        (ErrorCode::EmailRequired, 400, "email-required"),
        (ErrorCode::UserNotFound, 404, "not-found"),
        (ErrorCode::KeyReused, 422, "idempotency-key-reused"),
        (ErrorCode::TooManyKeys, 429, "too-many-keys"),
        (ErrorCode::Unavailable, 503, "unavailable"),
        (ErrorCode::OutcomeUnknown, 504, "outcome-unknown"),
        (ErrorCode::Internal, 500, "internal"),
    ];
    ScriptedUserService::start(&gateway, cases.iter().map(|(code, ..)| reject(*code)).collect()).await;
    for (code, status, name) in cases {
        let response = gateway.valid_change().send().await.unwrap();
        assert_eq!(response.status(), status, "{code:?}");
        let retry_after = response.headers().get("retry-after").cloned();
        assert_eq!(retry_after.is_some(), matches!(status, 429 | 503), "{code:?}");
        assert_eq!(slug(&problem(response).await), name);
    }
}

#[tokio::test]
async fn invalid_values_found_by_the_user_service_are_passed_on() {
    let gateway = Gateway::start().await;
    let mut error = ServiceError::new(ErrorCode::InvalidRequest, "because");
    error.invalid_values = vec![InvalidValue {
        pointer: "/email".to_owned(),
        detail: "is odd".to_owned(),
    }];
    ScriptedUserService::start(
        &gateway,
        vec![Reaction::Reject(error), reject(ErrorCode::EmailRequired)],
    )
    .await;
    let document = problem(gateway.valid_change().send().await.unwrap()).await;
    assert_eq!(
        document["errors"],
        json!([{ "pointer": "/email", "detail": "is odd" }])
    );
    let document = problem(gateway.patch("/users/1", MERGE_PATCH, "{}").send().await.unwrap()).await;
    assert_eq!(document["errors"][0]["pointer"], "/email");
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_a_bad_gateway() {
    let gateway = Gateway::start().await;
    ScriptedUserService::start(
        &gateway,
        vec![Reaction::Nonsense, Reaction::Answer(json!({ "user": 1 }))],
    )
    .await;
    for _ in 0..2 {
        let response = gateway.valid_change().send().await.unwrap();
        assert_eq!(response.status(), 502);
        assert_eq!(slug(&problem(response).await), "bad-answer");
    }
}
