//! `hubsync drift` and `hubsync dry-run`.

use serde_json::json;

use crate::stack::Stack;

#[tokio::test]
async fn a_change_in_hubspot_is_shown_and_repaired_only_with_yes() {
    let stack = Stack::start().await;
    let known = json!({ "email": "bh@hubspot.com", "firstName": "Brian" });
    stack.change("1", known).await;
    stack.wait_for_state("1", "confirmed").await;
    let equal = stack.command(&["drift"]).await;
    assert_eq!(equal.code, 0, "{equal:?}");
    assert!(equal.output.starts_with("1 user compared"), "{equal:?}");

    let contact = stack.sandbox.contact_by_email("bh@hubspot.com").unwrap().id;
    let contact = contact.to_string();
    stack
        .sandbox
        .edit_contact(&contact, [("firstname", "Brain")])
        .unwrap();
    let found = stack.command(&["drift", "--json"]).await;
    assert_eq!(found.code, 1, "{found:?}");
    let finding = json!({
        "userId": "1", "kind": "changed", "contactId": contact, "fields": [{ "field": "firstName" }]
    });
    assert_eq!(found.json()["findings"], json!([finding]));
    let printed = stack.command(&["drift", "--values"]).await.output;
    assert!(
        printed.contains("firstName: \"Brian\", HubSpot \"Brain\""),
        "{printed}"
    );

    let asked = stack.command(&["drift", "--repair"]).await;
    assert_eq!(asked.code, 2, "without a terminal, --yes is required: {asked:?}");
    let repaired = stack.command(&["drift", "--repair", "--yes", "--json"]).await;
    assert_eq!((repaired.code, &repaired.json()["repaired"]), (0, &json!(1)));
    stack
        .wait_for_property("bh@hubspot.com", "firstname", "Brian")
        .await;
    stack.finish().await;
}

#[tokio::test]
async fn a_dry_run_works_while_delivery_is_paused() {
    let stack = Stack::start().await;
    stack.wait_for_status(true).await;
    assert_eq!(stack.command(&["pause"]).await.code, 0);
    stack.wait_for_status(false).await;
    stack
        .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Ada" }))
        .await;
    stack.change("2", json!({ "email": "nobody@example.com" })).await;
    let dry_run = stack.command(&["dry-run", "--json"]).await;
    assert_eq!(dry_run.code, 0, "{dry_run:?}");
    let dry_run = dry_run.json();
    let findings: Vec<_> = dry_run["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| (&finding["userId"], &finding["kind"]))
        .collect();
    assert_eq!(
        findings,
        [
            (&json!("1"), &json!("wouldLink")),
            (&json!("2"), &json!("notFound"))
        ]
    );
    let text = stack.command(&["dry-run", "1", "2", "stranger"]).await;
    assert_eq!(text.code, 4, "{text:?}");
    assert!(
        text.output.contains("1 who would be linked") && text.output.contains("no user stranger"),
        "{text:?}"
    );
    assert_eq!(stack.command(&["resume"]).await.code, 0);
    stack.wait_for_state("1", "confirmed").await;
    stack.finish().await;
}
