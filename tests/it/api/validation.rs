//! Invalid input gets the right status and an error for each invalid value, and changes nothing.

use reqwest::Method;
use serde_json::{Value, json};

use crate::stack::Stack;

/// A request, the status it must get, and the pointers its problem document must list.
struct Case {
    name: &'static str,
    path: &'static str,
    content_type: &'static str,
    body: String,
    status: u16,
    pointers: &'static [&'static str],
}

const JSON: &str = "application/json";
const MERGE: &str = "application/merge-patch+json";

fn case(name: &'static str, body: &Value, pointers: &'static [&'static str]) -> Case {
    Case {
        name,
        path: "/users/1",
        content_type: JSON,
        body: body.to_string(),
        status: 400,
        pointers,
    }
}

fn merge(name: &'static str, body: &Value, pointers: &'static [&'static str]) -> Case {
    Case {
        content_type: MERGE,
        ..case(name, body, pointers)
    }
}

fn cases() -> Vec<Case> {
    let long = "x".repeat(256);
    let long_email = format!("{}@example.com", "x".repeat(250));
    let good = json!({ "email": "bh@hubspot.com" });
    vec![
        case("no address", &json!({ "firstName": "Ada" }), &["/email"]),
        case("a null address", &json!({ "email": null }), &["/email"]),
        case("no address at all", &json!({ "email": "bh" }), &["/email"]),
        case("a long address", &json!({ "email": long_email }), &["/email"]),
        case(
            "a long name",
            &json!({ "email": "bh@hubspot.com", "firstName": long }),
            &["/firstName"],
        ),
        case(
            "a number for a name",
            &json!({ "email": "bh@hubspot.com", "lastName": 7 }),
            &["/lastName"],
        ),
        case(
            "an unknown member",
            &json!({ "email": "bh@hubspot.com", "nick": "x" }),
            &["/nick"],
        ),
        case(
            "several errors at once",
            &json!({ "email": "x", "firstName": 1, "a/b": 2 }),
            &["/email", "/firstName", "/a~1b"],
        ),
        case("a list", &json!([]), &[""]),
        Case {
            body: "{".to_owned(),
            ..case("broken JSON", &good, &[])
        },
        Case {
            path: "/users/a.b",
            ..case("a user id with a dot", &good, &[])
        },
        Case {
            status: 415,
            content_type: "text/plain",
            ..case("another content type", &good, &[])
        },
        Case {
            status: 413,
            body: format!("{{\"email\":\"{}\"}}", "x".repeat(17_000)),
            ..case("a large body", &good, &[])
        },
        merge(
            "a null address in a merge patch",
            &json!({ "email": null }),
            &["/email"],
        ),
        merge(
            "a new user without an address",
            &json!({ "firstName": "Ada" }),
            &["/email"],
        ),
    ]
}

#[tokio::test]
async fn invalid_input_gets_a_problem_document_and_changes_nothing() {
    let stack = Stack::start().await;
    for case in cases() {
        let request = stack
            .request(Method::PATCH, case.path)
            .header("Content-Type", case.content_type);
        let response = request.body(case.body).send().await.unwrap();
        assert_eq!(response.status(), case.status, "{}", case.name);
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json",
            "{}",
            case.name
        );
        let document: Value = response.json().await.unwrap();
        assert_eq!(document["status"], case.status, "{}: {document}", case.name);
        let pointers: Vec<&str> = document["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|fault| fault["pointer"].as_str())
            .collect();
        for pointer in case.pointers {
            assert!(pointers.contains(pointer), "{}: {document}", case.name);
        }
        assert!(stack.user("1").await.is_none(), "{} created a user", case.name);
    }
    assert_eq!(stack.wake_ups().await, Ok(0));
    stack.finish().await;
}

#[tokio::test]
async fn a_change_of_an_outdated_version_is_rejected() {
    let stack = Stack::start().await;
    stack
        .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Ada" }))
        .await;
    stack
        .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Augusta" }))
        .await;
    let request = stack
        .request(Method::PATCH, "/users/1")
        .header("If-Match", "\"1\"");
    let response = request
        .json(&json!({ "email": "bh@hubspot.com", "firstName": "Lost" }))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 412);
    assert_eq!(stack.user("1").await.unwrap()["firstName"], "Augusta");
    stack.wait_for_state("1", "confirmed").await;
    stack.finish().await;
}

#[tokio::test]
async fn without_a_user_service_the_gateway_rejects_at_once() {
    let mut stack = Stack::start().await;
    stack.stop_service(crate::stack::Service::User).await;
    let response = stack.patch("1", json!({ "email": "bh@hubspot.com" })).await;
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key("retry-after"));
}
