//! The document accepts exactly the bodies that the gateway accepts.

use reqwest::Method;
use serde_json::{Value, json};

use super::complete_responses::{complete_reactions, script_worker};
use super::spec::Spec;
use crate::harness::{Gateway, JSON, MERGE_PATCH};
use crate::scripted_user_service::ScriptedUserService;

fn address(length: usize) -> String {
    let domain = format!("{}.{}.example.com", "d".repeat(63), "e".repeat(63));
    let rest = length - domain.len() - 1;
    let labels = rest.saturating_sub(64);
    assert!(rest > 64 || labels == 0);
    if labels == 0 {
        return format!("{}@{domain}", "a".repeat(rest));
    }
    format!("{}@{}.{domain}", "a".repeat(64), "f".repeat(labels - 1))
}

/// Bodies of changes, and whether they are valid.
fn changes() -> Vec<(&'static str, Value, bool)> {
    let email = "bh@hubspot.com";
    vec![
        (JSON, json!({ "email": email }), true),
        (
            JSON,
            json!({ "email": email, "firstName": null, "lastName": "" }),
            true,
        ),
        (
            JSON,
            json!({ "email": email, "firstName": "x".repeat(255) }),
            true,
        ),
        (
            JSON,
            json!({ "email": email, "firstName": "ü".repeat(256) }),
            false,
        ),
        (JSON, json!({ "email": email, "firstName": "a\nb" }), false),
        (JSON, json!({ "email": email, "firstName": "a\u{85}b" }), false),
        (JSON, json!({ "email": email, "firstName": 5 }), false),
        (JSON, json!({ "email": email, "phone": "1" }), false),
        (JSON, json!({ "email": address(254) }), true),
        (JSON, json!({ "email": address(255) }), false),
        (JSON, json!({ "email": "nobody" }), false),
        (JSON, json!({ "email": null }), false),
        (JSON, json!({ "firstName": "Brian" }), false),
        (JSON, json!([]), false),
        (MERGE_PATCH, json!({}), true),
        (MERGE_PATCH, json!({ "lastName": null }), true),
        (MERGE_PATCH, json!({ "email": email }), true),
        (MERGE_PATCH, json!({ "email": null }), false),
        (MERGE_PATCH, json!({ "userId": "1" }), false),
    ]
}

fn retries() -> Vec<(&'static str, Value, bool)> {
    let bodies = [
        (json!({ "users": ["1", "a-Z_9"] }), true),
        (json!({ "users": vec!["1"; 500] }), true),
        (json!({ "users": vec!["1"; 501] }), false),
        (json!({ "users": [] }), false),
        (json!({ "users": ["a.b"] }), false),
        (json!({ "users": ["x".repeat(65)] }), false),
        (json!({ "users": ["1"], "state": "failed" }), false),
        (json!({ "state": "notFound" }), true),
        (
            json!({ "state": "failed", "reason": "A", "after": "3:A:1" }),
            true,
        ),
        (json!({ "state": "pending" }), false),
        (json!({ "reason": "A" }), false),
        (json!({ "state": "failed", "after": null }), false),
        (json!([null, "failed", null, null]), false),
        (json!({}), false),
    ];
    bodies
        .into_iter()
        .map(|(body, is_good)| (JSON, body, is_good))
        .collect()
}

fn resyncs() -> Vec<(&'static str, Value, bool)> {
    let bodies = [
        (json!({ "users": ["1"] }), true),
        (json!({ "users": ["1"], "all": false }), true),
        (json!({ "users": ["1"], "all": true }), false),
        (json!({ "users": vec!["1"; 501] }), false),
        (json!({ "users": [] }), false),
        (json!({ "users": ["1"], "after": "1" }), false),
        (json!({ "all": true, "after": "u-99" }), true),
        (json!({ "all": true, "after": "a.b" }), false),
        (json!({ "all": true, "after": null }), false),
        (json!({ "all": true, "users": null }), false),
        (json!([null, true, null]), false),
        (json!({ "all": false }), false),
        (json!({ "everybody": true }), false),
    ];
    bodies
        .into_iter()
        .map(|(body, is_good)| (JSON, body, is_good))
        .collect()
}

fn contacts() -> Vec<(&'static str, Value, bool)> {
    let bodies = [
        (json!({ "contactId": "501" }), true),
        (json!({ "contactId": "9".repeat(19) }), true),
        (json!({ "contactId": "9".repeat(20) }), false),
        (json!({ "contactId": "007" }), false),
        (json!({ "contactId": "" }), false),
        (json!({ "contactId": 501 }), false),
        (json!({ "contactId": null }), false),
        (json!(["501"]), false),
        (json!({ "contactId": "501", "all": true }), false),
        (json!({}), false),
    ];
    bodies
        .into_iter()
        .map(|(body, is_good)| (JSON, body, is_good))
        .collect()
}

/// Bodies of both kinds of comparisons.
fn comparisons(can_repair: bool) -> Vec<(&'static str, Value, bool)> {
    let bodies = [
        (json!({}), true),
        (json!({ "after": "u-99", "values": true }), true),
        (json!({ "users": vec!["1"; 100] }), true),
        (json!({ "users": vec!["1"; 101] }), false),
        (json!({ "users": [] }), false),
        (json!({ "users": ["1"], "after": "1" }), false),
        (json!({ "values": "yes" }), false),
        (json!({ "after": null }), false),
        (json!([null, null, true, null]), false),
        (json!({ "repair": true }), can_repair),
        (json!({ "users": ["1"], "repair": false }), can_repair),
        (json!({ "repiar": true }), false),
    ];
    bodies
        .into_iter()
        .map(|(body, is_good)| (JSON, body, is_good))
        .collect()
}

#[tokio::test]
async fn the_document_and_the_gateway_accept_the_same_bodies() {
    let spec = Spec::read();
    for (path, method, bodies) in [
        ("/users/{userId}", Method::PATCH, changes()),
        ("/sync/retry", Method::POST, retries()),
        ("/sync/resync", Method::POST, resyncs()),
        ("/users/{userId}/contact", Method::PUT, contacts()),
        ("/sync/drift", Method::POST, comparisons(true)),
        ("/sync/dry-run", Method::POST, comparisons(false)),
    ] {
        let operation = &spec.0["paths"][path][method.as_str().to_lowercase()];
        let reactions = complete_reactions(operation["operationId"].as_str().unwrap());
        let gateway = Gateway::start().await;
        ScriptedUserService::start(&gateway, reactions).await;
        script_worker(&gateway).await;
        for (kind, body, is_good) in bodies {
            let schema = &operation["requestBody"]["content"][kind]["schema"];
            let schema_errors = spec.schema_errors(schema, &body);
            assert_eq!(
                schema_errors.is_empty(),
                is_good,
                "the document on {body}: {schema_errors:?}"
            );
            let request = gateway.request(method.clone(), &path.replace("{userId}", "1"));
            let request = request.header("content-type", kind).body(body.to_string());
            let status = request.send().await.unwrap().status();
            assert_eq!(status, if is_good { 200 } else { 400 }, "the gateway on {body}");
        }
    }
}
