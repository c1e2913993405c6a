//! What is said of a user that did not reach HubSpot.

use serde_json::json;

use crate::stack::Stack;

#[tokio::test]
async fn a_contact_that_is_not_found_explains_itself_and_lists_tell_no_address() {
    let stack = Stack::start().await;
    stack.change("1", json!({ "email": "nobody@example.com" })).await;
    stack.wait_for_state("1", "missing").await;

    let shown = stack.command(&["show", "1", "--json"]).await.json();
    let problem = &shown["receipt"]["problems"][0];
    assert_eq!(problem["problem"], "notFound");
    assert_eq!(problem["addresses"], json!(["nobody@example.com"]));
    let at = problem["nextAttemptAt"].as_str().unwrap().to_owned();
    let text = stack.command(&["show", "1"]).await.output;
    for words in ["nobody@example.com", "HUBSPOT_MISSING=create", at.as_str()] {
        let found = text.split_whitespace().collect::<String>().contains(words);
        assert!(found, "{words}: {text}");
    }

    let listed = stack.command(&["parked", "--state", "missing", "--json"]).await;
    assert_eq!(listed.json()["users"][0]["nextAttemptAt"], at.as_str());
    let counted = stack.command(&["parked"]).await;
    assert!(counted.output.contains("HUBSPOT_MISSING=create"), "{counted:?}");
    for typed in [
        listed,
        counted,
        stack.command(&["parked", "--state", "missing"]).await,
    ] {
        assert!(!typed.output.contains("nobody@example.com"), "{typed:?}");
    }
    stack.finish().await;
}
