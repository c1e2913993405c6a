//! Users that wait because their delivery failed: a change or a retry ends the wait, although the stream holds their wake-ups.

use std::time::{Duration, Instant};

use reqwest::Method;
use sandbox::Fault;
use serde_json::json;
use testing::wait::until;

use crate::stack::{CEILING, Stack};

const ADDRESS: &str = "bh@hubspot.com";
/// How many failures in a row make the user wait for at least six seconds.
const FAILURES: u64 = 4;
/// A user that need not wait is confirmed within a second. A loaded machine gets another one.
const SOON: Duration = Duration::from_secs(2);

/// A system with a user that waits after failures whose cause is gone.
async fn stack_with_a_waiting_user() -> Stack {
    let stack = Stack::start().await;
    stack
        .change("1", json!({ "email": ADDRESS, "firstName": "Ada" }))
        .await;
    let before = stack.wait_for_state("1", "confirmed").await["attempts"]
        .as_u64()
        .unwrap();
    let contact = stack.sandbox.contact_by_email(ADDRESS).unwrap();
    let fault = stack.sandbox.add_fault(Fault::poisoned_contact(contact.id));
    stack.merge("1", json!({ "firstName": "Eva" })).await;
    until("the last failure", CEILING, async || {
        let receipt = stack.receipt("1").await.ok_or("no receipt")?;
        let waits = receipt["attempts"] == before + FAILURES && receipt["failures"] == FAILURES;
        let shows_why = receipt["lastFailure"]["status"] == 500 && receipt["nextAttemptAt"].is_string();
        if waits && shows_why {
            Ok(())
        } else {
            Err(receipt.to_string())
        }
    })
    .await;
    let shown = stack.command(&["show", "1"]).await.output;
    assert!(shown.contains(&format!("{FAILURES} in a row")), "{shown}");
    stack.sandbox.remove_fault(fault);
    stack
}

#[tokio::test]
async fn a_change_of_a_waiting_user_is_confirmed_at_once() {
    let stack = stack_with_a_waiting_user().await;
    let changed_at = Instant::now();
    stack.merge("1", json!({ "lastName": "King" })).await;
    stack.wait_for_state("1", "confirmed").await;
    assert!(changed_at.elapsed() < SOON, "{:?}", changed_at.elapsed());
    stack.wait_for_property(ADDRESS, "firstname", "Eva").await;
    stack.wait_for_property(ADDRESS, "lastname", "King").await;
    stack.finish().await;
}

#[tokio::test]
async fn a_retry_of_a_waiting_user_is_confirmed_at_once() {
    let stack = stack_with_a_waiting_user().await;
    let retried_at = Instant::now();
    let request = stack.request(Method::POST, "/sync/retry");
    let response = request.json(&json!({ "users": ["1"] })).send().await.unwrap();
    assert_eq!(response.status(), 200);
    stack.wait_for_state("1", "confirmed").await;
    assert!(retried_at.elapsed() < SOON, "{:?}", retried_at.elapsed());
    stack.wait_for_property(ADDRESS, "firstname", "Eva").await;
    stack.finish().await;
}
