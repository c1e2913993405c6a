//! Requests that the gateway rejects itself, without asking the user service.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Gateway, JSON, problem, slug};
use crate::scripted_user_service::{Reaction, ScriptedUserService, updated};

#[tokio::test]
async fn every_error_of_a_body_is_listed_at_once() {
    let gateway = Gateway::start().await;
    let scripted_user_service =
        ScriptedUserService::start(&gateway, vec![Reaction::Answer(updated(1))]).await;
    let body = r#"{"email":"nobody","shoeSize":"1","firstName":5,"firstName":"x"}"#;
    let response = gateway.patch("/users/1", JSON, body).send().await.unwrap();
    assert_eq!(response.status(), 400);
    let document = problem(response).await;
    assert_eq!(slug(&document), "invalid-body");
    let pointers: Vec<_> = document["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| &error["pointer"])
        .collect();
    assert_eq!(pointers, ["/email", "/shoeSize", "/firstName", "/firstName"]);
    assert!(scripted_user_service.requests().is_empty());
}

#[tokio::test]
async fn a_body_that_is_not_json_is_rejected() {
    let gateway = Gateway::start().await;
    for body in [&b"{"[..], b"", b"\xff\xfe", "[".repeat(10_000).as_bytes()] {
        let response = gateway
            .patch("/users/1", JSON, body.to_vec())
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 400);
        let document = problem(response).await;
        assert_eq!(
            (slug(&document), &document["errors"][0]["pointer"]),
            ("malformed-body", &json!(""))
        );
    }
}

#[tokio::test]
async fn other_media_types_are_rejected_with_the_supported_ones() {
    let gateway = Gateway::start().await;
    for content_type in [
        "text/plain",
        "application/json-patch+json",
        "application/json; charset=latin1",
    ] {
        let response = gateway
            .patch("/users/1", content_type, "{}")
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 415, "{content_type}");
        assert_eq!(
            response.headers()["accept-patch"],
            "application/json, application/merge-patch+json"
        );
        assert_eq!(slug(&problem(response).await), "unsupported-media-type");
    }
    let without = gateway
        .request(Method::PATCH, "/users/1")
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(without.status(), 415);
}

#[tokio::test]
async fn invalid_ids_conditions_and_keys_are_rejected() {
    let gateway = Gateway::start().await;
    let long = format!("/users/{}", "x".repeat(65));
    for path in [
        "/users/a.b",
        "/users/a%2Fb",
        "/users/%ff",
        "/users/%20",
        "/users/a*",
        &long,
    ] {
        let response = gateway
            .patch(path, JSON, r#"{"email":"a@b.de"}"#)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 400, "{path}");
        let document = problem(response).await;
        assert_eq!(slug(&document), "invalid-parameter");
        let errors: &Value = &document["errors"];
        assert!(
            errors[0]["detail"]
                .as_str()
                .unwrap()
                .contains("1 to 64 characters"),
            "{errors}"
        );
        assert!(errors[0].get("pointer").is_none(), "{errors}");
    }
    for (name, value) in [
        ("if-match", "*"),
        ("if-match", "6"),
        ("if-match", "\"6\", \"7\""),
        ("if-none-match", "*"),
        ("idempotency-key", ""),
        ("idempotency-key", "a b"),
    ] {
        let response = gateway.valid_change().header(name, value).send().await.unwrap();
        assert_eq!(response.status(), 400, "{name}: {value}");
        assert_eq!(slug(&problem(response).await), "invalid-parameter");
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_get_problem_documents() {
    let gateway = Gateway::start().await;
    for path in [
        "/console",
        "/users",
        "/users/",
        "/users/1/",
        "/users/1/other",
        "/nothing",
    ] {
        let response = gateway.get(path).await;
        assert_eq!(response.status(), 404, "{path}");
        assert_eq!(slug(&problem(response).await), "no-such-path");
    }
    for (method, path, allow) in [
        (Method::PUT, "/users/1", &["GET", "HEAD", "PATCH"][..]),
        (Method::POST, "/users/1/sync", &["GET", "HEAD"]),
        (Method::POST, "/sync/pause", &["DELETE", "GET", "HEAD", "PUT"]),
        (Method::PATCH, "/healthz", &["GET", "HEAD"]),
    ] {
        let response = gateway.request(method, path).send().await.unwrap();
        assert_eq!(response.status(), 405, "{path}");
        let mut given: Vec<_> = response.headers()["allow"]
            .to_str()
            .unwrap()
            .split(',')
            .map(str::trim)
            .collect();
        given.sort_unstable();
        assert_eq!(given, allow);
        assert_eq!(slug(&problem(response).await), "method-not-allowed");
    }
}

#[tokio::test]
async fn a_harmful_request_id_is_replaced() {
    let gateway = Gateway::start().await;
    let response = gateway
        .request(Method::GET, "/healthz")
        .header("x-request-id", "a b")
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["x-request-id"].len(), 36);
}
