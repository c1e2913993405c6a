//! Comparisons find and repair what people changed in HubSpot, and a dry run shows what a delivery would do.

use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::Method;
use sandbox::Call;
use serde_json::{Value, json};

use crate::stack::Stack;

/// The number of contacts that are compared while other users change.
const MANY: usize = 300;

impl Stack {
    async fn compare(&self, path: &str, body: Value) -> Value {
        let response = self.request(Method::POST, path).json(&body).send().await.unwrap();
        let status = response.status();
        let body: Value = response.json().await.unwrap();
        assert_eq!(status, 200, "{body}");
        body
    }

    /// Makes a user with this name that is confirmed at its own contact. Returns the contact's id.
    async fn confirmed(&self, user: &str) -> String {
        let email = format!("{user}@example.com");
        let contact = self.sandbox.create_contact([("email", email.as_str())]).unwrap();
        self.change(user, json!({ "email": email, "firstName": user }))
            .await;
        self.wait_for_state(user, "confirmed").await;
        contact.id.to_string()
    }

    fn first_name(&self, user: &str) -> Option<String> {
        let contact = self.sandbox.contact_by_email(&format!("{user}@example.com"))?;
        contact.value("firstname")
    }

    /// The calls since the log was last emptied, without those for the account's details.
    fn calls_about_contacts(&self) -> Vec<Call> {
        let mut calls = self.sandbox.calls();
        calls.retain(|call| call.path.contains("contacts"));
        calls
    }
}

fn is_read(call: &Call) -> bool {
    call.path.ends_with("batch/read")
}

fn finding(user: &str, kind: &str, contact: &str) -> Value {
    json!({ "userId": user, "kind": kind, "contactId": contact })
}

#[tokio::test]
async fn a_repair_restores_a_value_that_a_salesperson_changed() {
    let stack = Stack::start().await;
    let contact = stack.confirmed("ada").await;
    stack.confirmed("eva").await;
    stack
        .sandbox
        .edit_contact(&contact, [("firstname", "Adele")])
        .unwrap();
    stack.sandbox.forget_calls();
    let found = stack.compare("/sync/drift", json!({ "values": true })).await;
    let mut changed = finding("ada", "changed", &contact);
    changed["fields"] = json!([{ "field": "firstName", "userValue": "ada", "contactValue": "Adele" }]);
    assert_eq!(
        found,
        json!({ "checked": 2, "skipped": 0, "findings": [changed] })
    );
    let found = stack
        .compare("/sync/drift", json!({ "users": ["ada", "nobody"] }))
        .await;
    changed["fields"] = json!([{ "field": "firstName" }]);
    assert_eq!(found["findings"], json!([changed]), "values are personal data");
    assert_eq!(found["unknown"], json!(["nobody"]));
    assert!(stack.calls_about_contacts().iter().all(is_read));

    let repaired = stack.compare("/sync/drift", json!({ "repair": true })).await;
    assert_eq!(repaired["repaired"], 1);
    stack
        .wait_for_property("ada@example.com", "firstname", "ada")
        .await;
    let receipt = stack.wait_for_state("ada", "confirmed").await;
    assert_eq!(receipt["version"], 1, "no change was made");
    let found = stack.compare("/sync/drift", json!({})).await;
    assert_eq!(found["findings"], json!([]));
    stack.finish().await;
}

#[tokio::test]
async fn gone_and_merged_contacts_are_distinguished() {
    let stack = Stack::start().await;
    let archived = stack.confirmed("archived").await;
    let former = stack.confirmed("former").await;
    stack.sandbox.archive(&archived).unwrap();
    let other = stack
        .sandbox
        .create_contact([("email", "other@example.com")])
        .unwrap();
    let merged = stack.sandbox.merge(other.id, &former).unwrap().id.to_string();
    let found = stack.compare("/sync/drift", json!({ "repair": true })).await;
    let moved = finding("former", "merged", &merged);
    let gone = finding("archived", "gone", &archived);
    assert_eq!(found["findings"], json!([gone, moved]));
    assert_eq!(found["repaired"], 1, "a merged contact is not repaired");
    stack.wait_for_state("archived", "notFound").await;
    stack.merge("former", json!({ "lastName": "Moved" })).await;
    let receipt = stack.wait_for_state("former", "confirmed").await;
    assert_eq!(receipt["contact"]["contactId"], merged);
    stack.finish().await;
}

#[tokio::test]
async fn a_dry_run_shows_what_would_be_written_and_writes_nothing() {
    let stack = Stack::start().await;
    stack.confirmed("known").await;
    let contact = stack
        .sandbox
        .create_contact([("email", "new@example.com"), ("firstname", "Nora")])
        .unwrap();
    stack.pause(Method::PUT).await;
    stack.wait_for_delivery("paused").await;
    stack.sandbox.forget_calls();
    let contacts = stack.sandbox.contacts();
    stack.merge("known", json!({ "lastName": "Lovelace" })).await;
    for user in ["new", "stranger"] {
        let body = json!({ "email": format!("{user}@example.com"), "firstName": "New" });
        stack.change(user, body).await;
    }
    let found = stack.compare("/sync/dry-run", json!({ "values": true })).await;
    assert_eq!((&found["checked"], &found["next"]), (&json!(3), &Value::Null));
    let findings = found["findings"].as_array().unwrap();
    let listed: Vec<_> = findings
        .iter()
        .map(|finding| {
            (
                finding["userId"].as_str().unwrap(),
                finding["kind"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        listed,
        [
            ("known", "wouldWrite"),
            ("new", "wouldLink"),
            ("stranger", "notFound")
        ]
    );
    assert_eq!(
        findings[0]["fields"],
        json!([{ "field": "lastName", "userValue": "Lovelace" }])
    );
    assert_eq!(findings[1]["contactId"], contact.id.to_string());
    assert_eq!(
        findings[1]["fields"],
        json!([{ "field": "firstName", "userValue": "New", "contactValue": "Nora" }])
    );
    let calls = stack.calls_about_contacts();
    assert!(!calls.is_empty() && calls.iter().all(is_read), "{calls:?}");
    assert_eq!(stack.sandbox.contacts(), contacts);
    assert_eq!(
        stack.receipt("new").await.unwrap()["contact"],
        Value::Null,
        "no link is stored"
    );

    stack.pause(Method::DELETE).await;
    for (user, state) in [
        ("known", "confirmed"),
        ("new", "confirmed"),
        ("stranger", "notFound"),
    ] {
        stack.wait_for_state(user, state).await;
    }
    assert_eq!(stack.first_name("new").as_deref(), Some("New"));
    stack.finish().await;
}

#[tokio::test]
async fn a_change_does_not_wait_for_a_running_comparison() {
    let stack = Stack::start().await;
    let mut lines = String::new();
    for number in 0..MANY {
        let email = format!("u{number}@example.com");
        stack.sandbox.create_contact([("email", email.as_str())]).unwrap();
        let line = json!({ "userId": format!("u{number}"), "email": email, "firstName": "Many" });
        lines = format!("{lines}{line}\n");
    }
    let request = stack.request(Method::POST, "/users/import");
    let request = request.header("content-type", "application/x-ndjson").body(lines);
    let report = request.send().await.unwrap().text().await.unwrap();
    assert!(report.contains("\"done\":true"), "{report}");
    stack.wait_until_no_user_is_dirty().await;
    stack.sandbox.forget_calls();

    let (done, pages) = (AtomicBool::new(false), tokio::sync::Semaphore::new(0));
    let comparing = async {
        let mut page = json!({});
        while !done.load(Ordering::Relaxed) {
            let found = stack.compare("/sync/drift", page.clone()).await;
            assert_eq!(
                found["findings"],
                json!([]),
                "a change by the application is not reported as drift"
            );
            pages.add_permits(1);
            page = match &found["next"] {
                Value::Null => json!({}),
                next => json!({ "after": next }),
            };
        }
    };
    let changing = async {
        let mut read_meanwhile = Vec::new();
        for number in 0..10 {
            // Waits for at least one page between two changes.
            pages.acquire().await.unwrap().forget();
            let user = format!("live-{number}");
            let email = format!("{user}@example.com");
            stack.sandbox.create_contact([("email", email.as_str())]).unwrap();
            let before = stack.sandbox.calls().last().map_or(0, |call| call.number);
            stack
                .change(&user, json!({ "email": email, "firstName": user }))
                .await;
            stack.wait_for_state(&user, "confirmed").await;
            let calls = stack.sandbox.calls();
            let since = calls.iter().skip_while(|call| call.number <= before);
            let until = since.take_while(|call| !call.path.ends_with("batch/update"));
            read_meanwhile.push(until.filter(|call| is_read(call) && call.inputs == 100).count());
        }
        done.store(true, Ordering::Relaxed);
        read_meanwhile
    };
    let ((), read_meanwhile) = tokio::join!(comparing, changing);
    // These calls left before the worker received the wake-up of the change.
    assert!(
        read_meanwhile.iter().all(|reads| *reads <= 10),
        "{read_meanwhile:?}"
    );
    stack.finish().await;
}
