//! Where is my record, and why did it fail: lists, counts and another try.

use reqwest::Method;
use serde_json::{Value, json};
use testing::wait::until;

use crate::stack::{CEILING, Service, Stack};

impl Stack {
    async fn sync(&self, path: &str) -> Value {
        let response = self.request(Method::GET, path).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.unwrap()
    }

    async fn retry(&self, body: Value) -> Value {
        let request = self.request(Method::POST, "/sync/retry");
        let response = request.json(&body).send().await.unwrap();
        assert_eq!(response.status(), 200, "{body}");
        response.json().await.unwrap()
    }

    async fn wait_for_line_in_summary(&self, state: &Value, workers: u64) {
        until(
            &format!("{workers} workers, the line {state}"),
            CEILING,
            async || {
                let line = self.sync("/sync/summary").await["line"].clone();
                let is_it = line["state"] == *state && line["workers"] == workers;
                if is_it { Ok(()) } else { Err(line) }
            },
        )
        .await;
    }

    /// Waits until the summary, which is not counted anew for everybody, says so.
    pub(crate) async fn wait_for_summary(&self, member: &str, value: &Value) -> Value {
        until(&format!("{member} to be {value}"), CEILING, async || {
            let summary = self.sync("/sync/summary").await;
            if summary[member] == *value {
                Ok(summary)
            } else {
                Err(summary)
            }
        })
        .await
    }
}

#[tokio::test]
async fn users_without_a_contact_are_listed_counted_and_delivered_once_there_is_one() {
    let stack = Stack::start().await;
    for user in ["a", "b", "c"] {
        let body = json!({ "email": format!("{user}@example.com"), "firstName": "No" });
        stack.change(user, body).await;
        stack.wait_for_state(user, "missing").await;
    }
    stack
        .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Ada" }))
        .await;
    stack.wait_for_state("1", "confirmed").await;

    let first = stack.sync("/sync?state=missing&limit=2").await;
    let ids = |page: &Value| -> Vec<String> {
        let users = page["users"].as_array().unwrap().iter();
        users
            .map(|user| user["userId"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids(&first), ["a", "b"]);
    let next = first["next"].as_str().unwrap();
    let second = stack
        .sync(&format!("/sync?state=missing&limit=2&after={next}"))
        .await;
    assert_eq!(
        (ids(&second), &second["next"]),
        (vec!["c".to_owned()], &Value::Null)
    );
    assert_eq!(
        ids(&stack.sync("/sync?state=pending").await),
        Vec::<String>::new()
    );
    assert!(
        !first.to_string().contains("example.com"),
        "a list has nothing of a profile: {first}"
    );

    let summary = stack.wait_for_summary("troubled", &json!(3)).await;
    assert_eq!(
        summary["troubles"],
        json!([{ "state": "missing", "users": 3, "example": "a" }])
    );
    assert_eq!(summary["pending"], 0);
    assert_eq!(
        (&summary["line"]["state"], &summary["line"]["workers"]),
        (&json!("running"), &json!(1))
    );
    assert!(
        summary["line"]["calls"]["dayLeft"].as_u64() > Some(0),
        "{summary}"
    );

    let contact = stack
        .sandbox
        .create_contact([("email", "b@example.com")])
        .unwrap();
    let retried = stack.retry(json!({ "users": ["b", "nobody"] })).await;
    assert_eq!(retried, json!({ "retried": 1, "left": 0, "unknown": ["nobody"] }));
    let receipt = stack.wait_for_state("b", "confirmed").await;
    assert_eq!(receipt["contact"]["contactId"], contact.id.to_string());
    assert_eq!(receipt["version"], 1, "it is the same change");

    for user in ["a", "c"] {
        stack
            .sandbox
            .create_contact([("email", format!("{user}@example.com").as_str())])
            .unwrap();
    }
    let retried = stack.retry(json!({ "state": "missing" })).await;
    assert_eq!(retried["retried"], 2, "{retried}");
    for user in ["a", "c"] {
        stack.wait_for_state(user, "confirmed").await;
    }
    stack.wait_for_summary("troubled", &json!(0)).await;
    stack.finish().await;
}

#[tokio::test]
async fn the_summary_says_that_delivery_is_paused_and_that_nobody_delivers() {
    let mut stack = Stack::start().await;
    stack.pause(Method::PUT).await;
    stack.wait_for_line_in_summary(&json!("paused"), 1).await;
    stack.stop_service(Service::Hubspot).await;
    stack.wait_for_line_in_summary(&Value::Null, 0).await;
    stack.start_service(Service::Hubspot).await;
    stack.pause(Method::DELETE).await;
    stack.wait_for_line_in_summary(&json!("running"), 1).await;
    stack.finish().await;
}

#[tokio::test]
async fn a_caller_who_prefers_to_wait_is_answered_with_the_verdict() {
    let stack = Stack::start().await;
    for (email, state) in [("bh@hubspot.com", "confirmed"), ("nobody@example.com", "missing")] {
        let request = stack.request(Method::PATCH, &format!("/users/{state}"));
        let request = request.header("Prefer", "wait=30");
        let response = request.json(&json!({ "email": email, "firstName": "Ada" }));
        let response = response.send().await.unwrap();
        assert_eq!(response.headers()["preference-applied"], "wait=30");
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["sync"], json!({ "state": state, "version": 1 }));
    }
    stack.finish().await;
}
