//! Lists and counts of users with problems, and retries.

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

    async fn wait_for_delivery_in_summary(&self, status: &Value, workers: u64) {
        until(
            &format!("{workers} workers and delivery {status}"),
            CEILING,
            async || {
                let delivery = self.sync("/sync/summary").await["delivery"].clone();
                let matches = delivery["status"] == *status && delivery["workers"] == workers;
                if matches { Ok(()) } else { Err(delivery) }
            },
        )
        .await;
    }

    /// Waits until a member of the summary has this value. The summary is cached, so it lags behind.
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
async fn users_without_a_contact_are_listed_and_retried() {
    let stack = Stack::start().await;
    for user in ["a", "b", "c"] {
        let body = json!({ "email": format!("{user}@example.com"), "firstName": "No" });
        stack.change(user, body).await;
        stack.wait_for_state(user, "notFound").await;
    }
    stack
        .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Ada" }))
        .await;
    stack.wait_for_state("1", "confirmed").await;

    let first = stack.sync("/sync?state=notFound&limit=2").await;
    let ids = |page: &Value| -> Vec<String> {
        let users = page["users"].as_array().unwrap().iter();
        users
            .map(|user| user["userId"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids(&first), ["a", "b"]);
    let next = first["next"].as_str().unwrap();
    let second = stack
        .sync(&format!("/sync?state=notFound&limit=2&after={next}"))
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
        "a list contains no profile data: {first}"
    );

    // The worker reports its status once a second.
    stack.wait_for_delivery_in_summary(&json!("running"), 1).await;
    let summary = stack.wait_for_summary("usersWithProblems", &json!(3)).await;
    assert_eq!(
        summary["problems"],
        json!([{ "state": "notFound", "users": 3, "example": "a" }])
    );
    assert_eq!(summary["pending"], 0);
    assert!(
        summary["delivery"]["calls"]["dayLeft"].as_u64() > Some(0),
        "{summary}"
    );

    let contact = stack
        .sandbox
        .create_contact([("email", "b@example.com")])
        .unwrap();
    let retried = stack.retry(json!({ "users": ["b", "nobody"] })).await;
    assert_eq!(
        retried,
        json!({ "retried": 1, "skipped": 0, "unknown": ["nobody"] })
    );
    let receipt = stack.wait_for_state("b", "confirmed").await;
    assert_eq!(receipt["contact"]["contactId"], contact.id.to_string());
    assert_eq!(receipt["version"], 1, "it is the same change");

    for user in ["a", "c"] {
        stack
            .sandbox
            .create_contact([("email", format!("{user}@example.com").as_str())])
            .unwrap();
    }
    let retried = stack.retry(json!({ "state": "notFound" })).await;
    assert_eq!(retried["retried"], 2, "{retried}");
    for user in ["a", "c"] {
        stack.wait_for_state(user, "confirmed").await;
    }
    stack.wait_for_summary("usersWithProblems", &json!(0)).await;
    stack.finish().await;
}

#[tokio::test]
async fn the_summary_shows_a_pause_and_the_lack_of_workers() {
    let mut stack = Stack::start().await;
    stack.pause(Method::PUT).await;
    stack.wait_for_delivery_in_summary(&json!("paused"), 1).await;
    stack.stop_service(Service::Hubspot).await;
    stack.wait_for_delivery_in_summary(&Value::Null, 0).await;
    stack.start_service(Service::Hubspot).await;
    stack.pause(Method::DELETE).await;
    stack.wait_for_delivery_in_summary(&json!("running"), 1).await;
    stack.finish().await;
}

#[tokio::test]
async fn a_waiting_caller_gets_the_sync_state() {
    let stack = Stack::start().await;
    for (email, state) in [
        ("bh@hubspot.com", "confirmed"),
        ("nobody@example.com", "notFound"),
    ] {
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
