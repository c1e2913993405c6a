//! Receipts say what HubSpot's contact has: the value, another form of it, something that nobody sees, or another value.

use reqwest::Method;
use sandbox::{Fault, KeptForm};
use serde_json::{Value, json};

use crate::stack::Stack;

/// A user with a contact whose address and name are confirmed. Returns the contact's id.
async fn confirmed(stack: &Stack) -> String {
    let contact = stack
        .sandbox
        .create_contact([("email", "ada@example.com")])
        .unwrap();
    stack
        .change("1", json!({ "email": "ada@example.com", "firstName": "Ada" }))
        .await;
    stack.wait_for_state("1", "confirmed").await;
    contact.id.to_string()
}

async fn repair_drift(stack: &Stack) -> Value {
    let request = stack.request(Method::POST, "/sync/drift");
    let response = request.json(&json!({ "repair": true })).send().await.unwrap();
    response.json().await.unwrap()
}

/// A field of the receipt, without the time of its result.
fn field(receipt: &Value, name: &str) -> Value {
    let mut field = receipt["fields"][name].clone();
    field.as_object_mut().unwrap().remove("recordedAt");
    field
}

#[tokio::test]
async fn a_value_in_another_form_is_written_once_and_is_no_drift() {
    let stack = Stack::start().await;
    let contact = confirmed(&stack).await;
    stack
        .sandbox
        .add_fault(Fault::keep(KeptForm::Collapsed).for_property("firstname"));
    let before = stack.sandbox.writes_of(&contact).len();
    stack.merge("1", json!({ "firstName": "Ada  Maria" })).await;
    let receipt = stack.wait_for_state("1", "confirmed").await;
    assert_eq!(
        field(&receipt, "firstName"),
        json!({ "state": "confirmed", "normalized": true })
    );
    stack
        .wait_for_property("ada@example.com", "firstname", "Ada Maria")
        .await;
    let shown = stack.command(&["show", "1"]).await.output;
    assert!(shown.contains("confirmed, in another form"), "{shown}");
    let found = repair_drift(&stack).await;
    assert_eq!(found, json!({ "checked": 1, "skipped": 0, "findings": [] }));
    stack.wait_until_no_user_is_dirty().await;
    assert_eq!(stack.sandbox.writes_of(&contact).len(), before + 1);
    stack.finish().await;
}

#[tokio::test]
async fn a_value_that_hubspot_replaces_is_rejected() {
    let stack = Stack::start().await;
    confirmed(&stack).await;
    stack
        .sandbox
        .add_fault(Fault::keep(KeptForm::Replaced).for_property("lastname"));
    stack
        .merge("1", json!({ "firstName": "Eva", "lastName": "Lovelace" }))
        .await;
    let receipt = stack.wait_for_state("1", "rejected").await;
    assert_eq!(field(&receipt, "firstName"), json!({ "state": "confirmed" }));
    let rejected = field(&receipt, "lastName");
    assert_eq!(rejected["reason"]["code"], "VALUE_NOT_KEPT");
    assert!(!rejected.to_string().contains("Lovelace"), "{rejected}");
    assert_eq!(receipt["lastAttempts"][0]["code"], "VALUE_NOT_KEPT");
    let problem = &receipt["problems"][0];
    assert!(
        problem["remedy"]
            .as_str()
            .unwrap()
            .contains("history of the property")
    );
    stack.finish().await;
}

#[tokio::test]
async fn a_property_that_hubspot_hides_is_confirmed_without_being_shown() {
    let stack = Stack::start().await;
    confirmed(&stack).await;
    stack.sandbox.add_fault(Fault::hide("lastname"));
    stack.merge("1", json!({ "lastName": "Lovelace" })).await;
    let receipt = stack.wait_for_state("1", "confirmed").await;
    assert_eq!(
        field(&receipt, "lastName"),
        json!({ "state": "confirmed", "shown": false })
    );
    let shown = stack.command(&["show", "1"]).await.output;
    assert!(shown.contains("confirmed, not shown by HubSpot"), "{shown}");
    let found = repair_drift(&stack).await;
    assert_eq!(found["findings"], json!([]));
    stack.finish().await;
}
