//! `GET /users/{userId}`, its receipt, and the pause of delivery.

use contracts::ErrorCode;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Gateway, problem, slug};
use crate::scripted_user_service::{Reaction, ScriptedUserService, reject, user};

#[tokio::test]
async fn a_user_is_read_with_its_tag() {
    let gateway = Gateway::start().await;
    let scripted_user_service = ScriptedUserService::start(&gateway, vec![Reaction::Answer(user(7))]).await;
    let response = gateway.get("/users/1").await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["etag"], "\"7\"");
    assert_eq!(response.json::<Value>().await.unwrap(), user(7));
    let requests = &scripted_user_service.requests()[0];
    assert_eq!(
        (requests.subject.as_str(), &requests.body),
        ("users.get", &json!({ "userId": "1" }))
    );
}

#[tokio::test]
async fn a_get_with_the_current_tag_is_answered_304() {
    let gateway = Gateway::start().await;
    ScriptedUserService::start(&gateway, vec![Reaction::Answer(user(7))]).await;
    for (tags, status) in [
        ("\"7\"", 304),
        ("W/\"7\"", 304),
        ("\"6\", \"7\"", 304),
        ("\"6\"", 200),
    ] {
        let request = gateway
            .request(Method::GET, "/users/1")
            .header("if-none-match", tags);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{tags}");
        assert_eq!(response.headers()["etag"], "\"7\"");
        // A length would be wrong, since the body is not sent.
        assert_eq!(response.headers().contains_key("content-length"), status == 200);
    }
}

#[tokio::test]
async fn head_answers_like_get_without_a_body() {
    let gateway = Gateway::start().await;
    ScriptedUserService::start(
        &gateway,
        vec![Reaction::Answer(user(7)), reject(ErrorCode::UserNotFound)],
    )
    .await;
    for status in [200, 404] {
        let response = gateway.request(Method::HEAD, "/users/1").send().await.unwrap();
        assert_eq!(response.status(), status);
        assert!(response.bytes().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_receipt_is_read_for_the_latest_or_an_earlier_version() {
    let gateway = Gateway::start().await;
    let receipt = json!({
        "userId": "1", "version": 7, "state": "pending", "resending": false,
        "fields": { "email": { "state": "pending" } }, "overallState": "pending", "attempts": 0, "currentVersion": 7
    });
    let scripted_user_service =
        ScriptedUserService::start(&gateway, vec![Reaction::Answer(receipt.clone())]).await;
    for path in ["/users/1/sync", "/users/1/sync?version=7"] {
        let response = gateway.get(path).await;
        assert_eq!(response.status(), 200);
        assert!(response.headers().get("etag").is_none());
        assert_eq!(response.json::<Value>().await.unwrap(), receipt);
    }
    let requests = scripted_user_service.requests();
    assert_eq!(
        (requests[0].subject.as_str(), &requests[0].body),
        ("users.sync.get", &json!({ "userId": "1" }))
    );
    assert_eq!(requests[1].body, json!({ "userId": "1", "version": 7 }));
}

#[tokio::test]
async fn missing_users_are_not_found_and_bad_versions_rejected() {
    let gateway = Gateway::start().await;
    ScriptedUserService::start(&gateway, vec![reject(ErrorCode::UserNotFound)]).await;
    for path in [
        "/users/1",
        "/users/1/sync",
        "/users/1/sync?version=0",
        "/users/1/sync?version=99",
    ] {
        let response = gateway.get(path).await;
        assert_eq!(response.status(), 404, "{path}");
        assert_eq!(slug(&problem(response).await), "not-found");
    }
    for query in ["version=", "version=x", "version=-1", "version=1&version=2"] {
        let response = gateway.get(&format!("/users/1/sync?{query}")).await;
        assert_eq!(response.status(), 400, "{query}");
        assert_eq!(slug(&problem(response).await), "invalid-parameter");
    }
}

#[tokio::test]
async fn delivery_is_paused_and_resumed() {
    let gateway = Gateway::start().await;
    let paused = json!({ "paused": true, "pausedSince": "2026-11-24T02:00:00Z" });
    let scripted_user_service =
        ScriptedUserService::start(&gateway, vec![Reaction::Answer(paused.clone())]).await;
    for (method, wish) in [
        (Method::PUT, "pause"),
        (Method::GET, "read"),
        (Method::DELETE, "resume"),
    ] {
        let response = gateway.request(method, "/sync/pause").send().await.unwrap();
        assert_eq!(response.status(), 200);
        // No hubspot service runs here, so the pause is in effect at once.
        let mut expected = paused.clone();
        expected["inEffect"] = json!(true);
        assert_eq!(response.json::<Value>().await.unwrap(), expected);
        let requests = scripted_user_service.requests().pop().unwrap();
        assert_eq!(
            (requests.subject.as_str(), &requests.body),
            ("users.delivery", &json!({ "action": wish }))
        );
    }
}
