//! Malformed bodies: each is rejected with HubSpot's error body, and none changes anything.

use reqwest::Method;
use sandbox::{Limits, Sandbox, Settings};
use serde_json::{Value, json};

use crate::client::{CURRENT, Client, Response, predictable_switches, start};

pub(crate) const TOKEN: (&str, &str) = ("authorization", "Bearer sandbox-token");
pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");

/// Starts a sandbox whose rate limits are too high to be reached.
pub(crate) async fn start_without_limits() -> (Sandbox, Client) {
    let limits = Limits {
        burst: 100_000,
        search_per_second: 100_000,
        token_per_second: 100_000,
        ..Limits::default()
    };
    start(Settings {
        limits,
        switches: predictable_switches(),
        ..Settings::default()
    })
    .await
}

/// Every call with a body, each with a valid one.
fn calls() -> Vec<(Method, String, Value)> {
    let at = |path: &str| format!("{CURRENT}{path}");
    let inputs = |input: Value| json!({ "inputs": [input] });
    let values = json!({ "firstname": "x" });
    vec![
        (
            Method::POST,
            at(""),
            json!({ "properties": values, "associations": [] }),
        ),
        (Method::PATCH, at("/51"), json!({ "properties": values })),
        (
            Method::POST,
            at("/batch/create"),
            inputs(json!({ "properties": values, "objectWriteTraceId": "t" })),
        ),
        (
            Method::POST,
            at("/batch/update"),
            inputs(json!({ "id": "51", "properties": values, "objectWriteTraceId": "t" })),
        ),
        (
            Method::POST,
            at("/batch/upsert"),
            inputs(json!({ "id": "a@example.com", "idProperty": "email", "properties": values })),
        ),
        (Method::POST, at("/batch/archive"), inputs(json!({ "id": "999" }))),
        (
            Method::POST,
            at("/batch/read"),
            json!({ "inputs": [{ "id": "51" }], "idProperty": "hs_object_id", "properties": ["email"], "propertiesWithHistory": ["email"] }),
        ),
        (
            Method::POST,
            at("/merge"),
            json!({ "primaryObjectId": "998", "objectIdToMerge": "999" }),
        ),
        (
            Method::POST,
            at("/gdpr-delete"),
            json!({ "objectId": "999", "idProperty": "hs_object_id" }),
        ),
        (
            Method::POST,
            at("/search"),
            json!({
                "filterGroups": [{ "filters": [{ "propertyName": "email", "operator": "EQ", "value": "x" }] }],
                "sorts": [{ "propertyName": "email", "direction": "ASCENDING" }],
                "query": "x", "properties": ["email"], "limit": 1, "after": "0",
            }),
        ),
    ]
}

async fn raw(client: &Client, method: &Method, path: &str, body: &str) -> Response {
    client.raw(method.clone(), path, &[TOKEN, JSON], body).await
}

/// Asserts that a response is an error in HubSpot's form.
pub(crate) fn assert_rejected(response: &Response, what: &str) {
    let status = response.status.as_u16();
    assert!((400..500).contains(&status), "{what}: {status} {}", response.text);
    let body = response.json();
    assert_eq!(body["status"], "error", "{what}");
    assert!(
        body["message"].is_string() && body["correlationId"].is_string(),
        "{what}: {body}"
    );
}

/// Collects the pointers of all values inside a JSON value.
fn places(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                places(value, &format!("{at}/{name}"), all);
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                places(value, &format!("{at}/{index}"), all);
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn members_of_the_wrong_type_are_rejected() {
    let (hubspot, client) = start_without_limits().await;
    let odd = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1.5),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!("\u{0}"),
        json!([]),
        json!({}),
        json!([null]),
        json!([[]]),
        json!({ "x": null }),
        json!("x".repeat(5_000)),
    ];
    for (method, path, body) in calls() {
        let mut all = Vec::new();
        places(&body, "", &mut all);
        for place in all {
            for value in &odd {
                let mut broken = body.clone();
                *broken.pointer_mut(&place).unwrap() = value.clone();
                let what = format!(
                    "{method} {path} {place} = {}",
                    value.to_string().chars().take(40).collect::<String>()
                );
                let response = raw(&client, &method, &path, &broken.to_string()).await;
                if !response.status.is_success() {
                    assert_rejected(&response, &what);
                }
            }
        }
    }
    assert!(hubspot.contact(51).is_some());
}

#[tokio::test]
async fn an_array_in_place_of_an_object_is_rejected() {
    let (_hubspot, client) = start_without_limits().await;
    for (method, path, body) in calls() {
        let mut all = Vec::new();
        places(&body, "", &mut all);
        for place in all {
            let Some(members) = body.pointer(&place).and_then(Value::as_object) else {
                continue;
            };
            let list: Value = members.values().cloned().collect();
            let mut broken = body.clone();
            *broken.pointer_mut(&place).unwrap() = list;
            let response = raw(&client, &method, &path, &broken.to_string()).await;
            assert_rejected(&response, &format!("{method} {path} {place}"));
        }
    }
}

#[tokio::test]
async fn text_that_is_not_json_is_rejected() {
    let (hubspot, client) = start_without_limits().await;
    let before = hubspot.contacts();
    let deep = "[".repeat(100_000);
    let texts = [
        "",
        " ",
        "{",
        "nonsense",
        "null",
        "[]",
        "1",
        "\"x\"",
        "{\"a\":}",
        "{}{}",
        "\u{feff}{}",
        "{'a':1}",
        "{\"properties\":{\"firstname\":1e999}}",
        "{\"inputs\":[{\"id\":\"51\",\"id\":\"1\",\"properties\":{}}]} x",
        &deep,
    ];
    for (method, path, _) in calls() {
        for text in texts {
            let what = format!("{method} {path} {}", &text[..text.len().min(40)]);
            let response = raw(&client, &method, &path, text).await;
            assert_rejected(&response, &what);
            assert_eq!(response.status, 400, "{what}");
        }
    }
    assert_eq!(hubspot.contacts(), before);
}

#[tokio::test]
async fn unknown_members_are_ignored() {
    let (_hubspot, client) = start_without_limits().await;
    for (method, path, mut body) in calls() {
        body["unknown"] = json!({ "members": [1, null] });
        let response = raw(&client, &method, &path, &body.to_string()).await;
        assert_ne!(response.status, 500);
        assert!(!response.text.contains("unknown"), "{path}: {}", response.text);
    }
}

#[tokio::test]
async fn other_content_types_and_methods_are_rejected() {
    let (hubspot, client) = start_without_limits().await;
    let before = hubspot.contacts();
    for (method, path, body) in calls() {
        for kind in [
            "text/plain",
            "application/jsonp",
            "application/json-patch+json",
            "multipart/form-data",
            "",
        ] {
            let headers = [TOKEN, ("content-type", kind)];
            let response = client
                .raw(method.clone(), &path, &headers, &body.to_string())
                .await;
            assert_rejected(&response, &path);
            assert_eq!(response.status, 415, "{path} {kind}");
        }
        for wrong in [Method::PUT, Method::TRACE, Method::OPTIONS] {
            let response = raw(&client, &wrong, &path, &body.to_string()).await;
            assert_rejected(&response, &format!("{wrong} {path}"));
            assert_eq!(response.status, 405);
        }
    }
    let response = client
        .raw(
            Method::POST,
            &format!("{CURRENT}/batch/archive"),
            &[TOKEN, ("content-type", "Application/JSON ; charset=UTF-8")],
            r#"{"inputs":[]}"#,
        )
        .await;
    assert_eq!(response.status, 204);
    assert_eq!(hubspot.contacts(), before);
}
