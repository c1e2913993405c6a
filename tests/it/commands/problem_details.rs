//! What commands print about a user that has a problem.

use serde_json::json;

use crate::stack::Stack;

#[tokio::test]
async fn a_missing_contact_is_explained_and_lists_have_no_address() {
    let stack = Stack::start().await;
    stack.change("1", json!({ "email": "nobody@example.com" })).await;
    stack.wait_for_state("1", "notFound").await;

    let shown = stack.command(&["show", "1", "--json"]).await.json();
    let problem = &shown["receipt"]["problems"][0];
    assert_eq!(problem["problem"], "notFound");
    assert_eq!(problem["addresses"], json!(["nobody@example.com"]));
    let at = problem["nextAttemptAt"].as_str().unwrap().to_owned();
    let text = stack.command(&["show", "1"]).await.output;
    for words in [
        "nobody@example.com",
        "HUBSPOT_CONTACT_NOT_FOUND=create",
        at.as_str(),
    ] {
        let found = text.split_whitespace().collect::<String>().contains(words);
        assert!(found, "{words}: {text}");
    }

    let listed = stack
        .command(&["problems", "--state", "notFound", "--json"])
        .await;
    assert_eq!(listed.json()["users"][0]["nextAttemptAt"], at.as_str());
    let counted = stack.command(&["problems"]).await;
    assert!(
        counted.output.contains("HUBSPOT_CONTACT_NOT_FOUND=create"),
        "{counted:?}"
    );
    for result in [
        listed,
        counted,
        stack.command(&["problems", "--state", "notFound"]).await,
    ] {
        assert!(!result.output.contains("nobody@example.com"), "{result:?}");
    }
    stack.finish().await;
}
