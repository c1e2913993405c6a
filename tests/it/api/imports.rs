//! Imports, from the lines of the request to HubSpot's contacts.

use reqwest::{Method, Response};
use sandbox::Switches;
use serde_json::{Value, json};

use crate::stack::{Service, Stack};

const USERS: usize = 300;
const MANY: usize = 4 * USERS;

fn lines(from: usize, name: &str) -> String {
    let line = |number| {
        let user = json!({ "userId": format!("u-{number}"), "email": address(number), "firstName": name });
        format!("{user}\n")
    };
    (from..from + USERS).map(line).collect()
}

fn address(number: usize) -> String {
    format!("user-{number}@example.com")
}

async fn import(stack: &Stack, body: String) -> Response {
    let request = stack.request(Method::POST, "/users/import");
    let request = request.header("content-type", "application/x-ndjson").body(body);
    request.send().await.unwrap()
}

async fn summary(response: Response) -> Value {
    let text = response.text().await.unwrap();
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

async fn start_creating_contacts() -> Stack {
    let mut stack = Stack::without_services().await;
    stack.set("HUBSPOT_CONTACT_NOT_FOUND", "create");
    stack.start_services().await;
    stack
}

async fn wait_until_all_are_confirmed(stack: &Stack, name: &str) {
    for number in 0..USERS {
        stack.wait_for_property(&address(number), "firstname", name).await;
        stack.wait_for_state(&format!("u-{number}"), "confirmed").await;
    }
}

#[tokio::test]
async fn a_repeated_import_makes_no_calls_to_hubspot() {
    let stack = start_creating_contacts().await;
    let users = u64::try_from(USERS).unwrap();
    let first = summary(import(&stack, lines(0, "Ada")).await).await;
    assert_eq!((&first["done"], &first["changed"]), (&json!(true), &json!(users)));
    wait_until_all_are_confirmed(&stack, "Ada").await;
    let calls = stack.sandbox.calls().len();
    let again = summary(import(&stack, lines(0, "Ada")).await).await;
    assert_eq!(
        (&again["changed"], &again["unchanged"]),
        (&json!(0), &json!(users))
    );
    stack.wait_for_empty_stream().await;
    assert_eq!(stack.sandbox.calls().len(), calls);
    stack.finish().await;
}

/// Calls are slow and made one at a time, so the import takes many of them.
#[tokio::test]
async fn a_live_change_does_not_wait_for_an_import() {
    let mut stack = Stack::without_services().await;
    stack.set("HUBSPOT_CONTACT_NOT_FOUND", "create");
    stack.set("HUBSPOT_CONCURRENCY", "1");
    stack.start_services().await;
    stack.sandbox.set_switches(Switches {
        latency_ms: 300,
        ..stack.sandbox.switches()
    });
    for part in 0..MANY / USERS {
        let summary = summary(import(&stack, lines(part * USERS, "Ada")).await).await;
        assert_eq!(summary["done"], true, "{summary}");
    }
    stack
        .change("live", json!({ "email": "bh@hubspot.com", "firstName": "Live" }))
        .await;
    stack.wait_for_state("live", "confirmed").await;
    let last = format!("u-{}", MANY - 1);
    assert_eq!(stack.receipt(&last).await.unwrap()["state"], "pending");
    stack.wait_for_state(&last, "confirmed").await;
    stack.finish().await;
}

#[tokio::test]
async fn an_import_waits_for_a_stopped_user_service() {
    let mut stack = start_creating_contacts().await;
    stack.kill_service(Service::User).await;
    // The gateway sends the head of the answer before the first line is accepted.
    let importing = import(&stack, lines(0, "Ada")).await;
    stack.start_service(Service::User).await;
    let summary = summary(importing).await;
    assert_eq!(
        (&summary["done"], &summary["rejected"]),
        (&json!(true), &json!(0))
    );
    wait_until_all_are_confirmed(&stack, "Ada").await;
    stack.finish().await;
}
