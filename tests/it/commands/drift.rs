//! `hubsync drift` and `hubsync dry-run`.

use serde_json::json;

use crate::stack::Stack;

#[tokio::test]
async fn what_was_changed_in_hubspot_is_told_and_repaired_only_by_who_says_so() {
    let stack = Stack::start().await;
    let known = json!({ "email": "bh@hubspot.com", "firstName": "Brian" });
    stack.change("1", known).await;
    stack.wait_for_state("1", "confirmed").await;
    let alike = stack.command(&["drift"]).await;
    assert_eq!(alike.code, 0, "{alike:?}");
    assert!(alike.output.starts_with("1 user compared"), "{alike:?}");

    let contact = stack.sandbox.contact_by_email("bh@hubspot.com").unwrap().id;
    let contact = contact.to_string();
    stack
        .sandbox
        .edit_contact(&contact, [("firstname", "Brain")])
        .unwrap();
    let found = stack.command(&["drift", "--json"]).await;
    assert_eq!(found.code, 1, "{found:?}");
    let finding = json!({
        "userId": "1", "finding": "changed", "contactId": contact, "fields": [{ "field": "firstName" }]
    });
    assert_eq!(found.json()["findings"], json!([finding]));
    let told = stack.command(&["drift", "--values"]).await.output;
    assert!(told.contains("firstName: \"Brian\", HubSpot \"Brain\""), "{told}");

    let asked = stack.command(&["drift", "--repair"]).await;
    assert_eq!(asked.code, 2, "nobody is there to say yes: {asked:?}");
    let repaired = stack.command(&["drift", "--repair", "--yes", "--json"]).await;
    assert_eq!((repaired.code, &repaired.json()["repaired"]), (0, &json!(1)));
    stack
        .wait_for_property("bh@hubspot.com", "firstname", "Brian")
        .await;
    stack.finish().await;
}

#[tokio::test]
async fn a_dry_run_tells_what_would_be_written_where_while_delivery_is_paused() {
    let stack = Stack::start().await;
    stack.wait_for_status(true).await;
    assert_eq!(stack.command(&["pause"]).await.code, 0);
    stack.wait_for_status(false).await;
    stack
        .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Ada" }))
        .await;
    stack.change("2", json!({ "email": "nobody@example.com" })).await;
    let told = stack.command(&["dry-run", "--json"]).await;
    assert_eq!(told.code, 0, "{told:?}");
    let told = told.json();
    let findings: Vec<_> = told["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| (&finding["userId"], &finding["finding"]))
        .collect();
    assert_eq!(
        findings,
        [
            (&json!("1"), &json!("wouldLink")),
            (&json!("2"), &json!("notFound"))
        ]
    );
    let words = stack.command(&["dry-run", "1", "2", "stranger"]).await;
    assert_eq!(words.code, 4, "{words:?}");
    assert!(
        words.output.contains("1 who would be linked") && words.output.contains("no user stranger"),
        "{words:?}"
    );
    assert_eq!(stack.command(&["resume"]).await.code, 0);
    stack.wait_for_state("1", "confirmed").await;
    stack.finish().await;
}
