//! What an operator types: the built binary's commands against everything else, by exit codes and JSON.

mod connect;
mod doctor;
mod drift;
mod interrupted;
mod parked;
mod patience;
mod problems;
mod refused;
mod scripted;
mod typed;

use reqwest::Method;
use sandbox::{Fault, KnownError};
use serde_json::{Value, json};
use testing::wait::until;

use crate::stack::{CEILING, Service, Stack};
use typed::Typed;

#[tokio::test]
async fn a_user_in_trouble_is_shown_in_hubspots_words_tried_again_and_confirmed() {
    let stack = Stack::start().await;
    stack.change("1", json!({ "email": "bh@hubspot.com" })).await;
    stack.wait_for_state("1", "confirmed").await;
    let contact = stack.sandbox.contact_by_email("bh@hubspot.com").unwrap().id;
    let nameless = Fault::answer(KnownError::Nameless).for_contact(contact);
    let fault = stack.sandbox.add_fault(nameless);
    stack.merge("1", json!({ "firstName": "Ada" })).await;
    stack.wait_for_state("1", "refused").await;

    let shown = stack.command(&["show", "1", "--json"]).await;
    assert_eq!(shown.code, 1);
    let shown = shown.json();
    assert_eq!(shown["user"]["firstName"], "Ada");
    let name = &shown["receipt"]["fields"]["firstName"];
    assert_eq!(
        (&name["state"], &name["reason"]["status"]),
        (&json!("refused"), &json!(400))
    );
    let email = &shown["receipt"]["earlierFields"]["email"];
    assert_eq!(
        email["state"], "confirmed",
        "the fields of earlier versions are told of, too"
    );
    let words = name["reason"]["message"].as_str().unwrap();
    let text = stack.command(&["show", "1"]).await.output;
    let first_word = words.split(' ').next().unwrap();
    assert!(
        text.contains(first_word) && text.contains("correlation id"),
        "{text}"
    );

    stack.sandbox.remove_fault(fault);
    // A change that waits does not hide it.
    assert_eq!(stack.command(&["pause"]).await.code, 0);
    stack.wait_for_status(false).await;
    stack.merge("1", json!({ "lastName": "Lovelace" })).await;
    let shown = stack.command(&["show", "1"]).await;
    assert!(shown.code == 1 && shown.output.contains("pending"), "{shown:?}");
    assert_eq!(stack.command(&["resume"]).await.code, 0);
    stack.wait_for_state("1", "confirmed").await;
    // Nor does one that goes well.
    stack
        .merge("1", json!({ "email": "brian.halligan@hubspot.com" }))
        .await;
    stack.wait_for_state("1", "confirmed").await;
    let shown = stack.command(&["show", "1"]).await;
    assert_eq!(shown.code, 1, "{shown:?}");
    assert!(
        shown.output.contains("refused") && !shown.output.contains("state     confirmed"),
        "{shown:?}"
    );

    stack.wait_for_summary("troubled", &json!(1)).await;
    let counted = stack.command(&["parked", "--json"]).await;
    assert_eq!(
        (counted.code, &counted.json()["troubles"][0]["state"]),
        (0, &json!("refused"))
    );
    let listed = stack.command(&["parked", "--state", "refused", "--json"]).await;
    assert_eq!(listed.json()["users"][0]["userId"], "1");

    let asked = stack.command(&["retry", "--state", "refused", "--json"]).await;
    assert_eq!(asked.code, 2, "nobody is there to say yes: {asked:?}");
    assert!(
        asked.errors.contains("1 user in state refused") && asked.errors.contains("--yes"),
        "{asked:?}"
    );
    let retried = stack
        .command(&["retry", "--state", "refused", "--yes", "--json"])
        .await;
    assert_eq!(
        (retried.code, retried.json()),
        (0, json!({ "retried": 1, "left": 0 }))
    );
    until("a user out of trouble", CEILING, async || {
        let shown = stack.command(&["show", "1"]).await;
        if shown.code == 0 { Ok(()) } else { Err(shown) }
    })
    .await;
    stack.finish().await;
}

#[tokio::test]
async fn named_users_are_tried_again_and_those_that_do_not_exist_are_named() {
    let stack = Stack::start().await;
    stack.change("1", json!({ "email": "nobody@example.com" })).await;
    stack.wait_for_state("1", "missing").await;
    stack
        .sandbox
        .create_contact([("email", "nobody@example.com")])
        .unwrap();
    let retried = stack.command(&["retry", "1", "stranger", "--json"]).await;
    assert_eq!(retried.code, 4);
    assert_eq!(
        retried.json(),
        json!({ "retried": 1, "left": 0, "unknown": ["stranger"] })
    );
    stack.wait_for_state("1", "confirmed").await;
    stack.finish().await;
}

#[tokio::test]
async fn delivery_is_paused_and_goes_on_and_the_status_says_so() {
    let stack = Stack::start().await;
    stack.wait_for_status(true).await;
    let paused = stack.command(&["pause", "--json"]).await;
    assert_eq!((paused.code, &paused.json()["paused"]), (0, &json!(true)));
    // A command that follows at once sees the same.
    let status = stack.command(&["status", "--json"]).await;
    assert_eq!(status.json()["summary"]["line"]["state"], "paused");
    stack.change("1", json!({ "email": "bh@hubspot.com" })).await;
    assert_eq!(stack.command(&["resume"]).await.code, 0);
    let status = stack.command(&["status", "--json"]).await;
    assert_eq!(status.json()["summary"]["line"]["state"], "running");
    stack.wait_for_state("1", "confirmed").await;
    stack.wait_for_status(true).await;
    stack.finish().await;
}

#[tokio::test]
async fn a_status_without_a_user_service_says_who_is_missing() {
    let mut stack = Stack::start().await;
    stack.stop_service(Service::User).await;
    let status = stack.wait_for_status(false).await;
    assert_eq!(
        (&status["gateway"]["ready"], &status["summary"]),
        (&json!(false), &Value::Null)
    );
    stack.start_service(Service::User).await;
    stack.wait_for_status(true).await;
    stack.finish().await;
}

#[tokio::test]
async fn everybody_is_sent_once_more_after_a_yes_and_counted() {
    let stack = Stack::start().await;
    for (user, email) in [("1", "bh@hubspot.com"), ("2", "emailmaria@hubspot.com")] {
        stack
            .change(user, json!({ "email": email, "firstName": "Ada" }))
            .await;
        stack.wait_for_state(user, "confirmed").await;
    }
    let contact = stack.sandbox.contact_by_email("bh@hubspot.com").unwrap().id;
    stack
        .sandbox
        .edit_contact(contact, [("firstname", "Drifted")])
        .unwrap();
    assert_eq!(stack.command(&["resync", "--all"]).await.code, 2);
    let resynced = stack.command(&["resync", "--all", "--yes", "--json"]).await;
    assert_eq!(
        (resynced.code, resynced.json()),
        (0, json!({ "owed": 2, "shared": 0, "left": 0 }))
    );
    stack
        .wait_for_property("bh@hubspot.com", "firstname", "Ada")
        .await;
    stack.wait_until_nobody_owes().await;
    let named = stack.command(&["resync", "1", "--json"]).await;
    assert_eq!(named.json()["owed"], 1);
    assert_eq!(stack.command(&["resync"]).await.code, 2, "it names nobody");
    stack.finish().await;
}

#[tokio::test]
async fn a_link_moves_writes_to_another_contact_and_an_unlink_back_to_the_one_of_the_address() {
    let stack = Stack::start().await;
    stack
        .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Ada" }))
        .await;
    stack
        .change("2", json!({ "email": "emailmaria@hubspot.com" }))
        .await;
    for user in ["1", "2"] {
        stack.wait_for_state(user, "confirmed").await;
    }
    let other = stack
        .sandbox
        .create_contact([("email", "other@example.com")])
        .unwrap()
        .id;
    let linked = stack.command(&["link", "1", &other.to_string(), "--json"]).await;
    assert_eq!(
        (linked.code, &linked.json()["contact"]["found"]),
        (0, &json!("byOperator"))
    );
    stack
        .wait_for_property("other@example.com", "firstname", "Ada")
        .await;
    // Its address stands at the contact it was linked to before, and the link holds all the same.
    let receipt = stack.wait_for_state("1", "taken").await;
    assert_eq!(receipt["contact"]["contactId"], other.to_string());
    assert_eq!(receipt["fields"]["email"]["reason"]["code"], "LINKED_BY_OPERATOR");

    let held = stack.command(&["link", "2", &other.to_string()]).await;
    assert_eq!(held.code, 1);
    assert!(
        held.errors.contains("user 1 is linked to that contact"),
        "{held:?}"
    );
    assert_eq!(stack.command(&["unlink", "1"]).await.code, 0);
    let receipt = stack.wait_for_state("1", "confirmed").await;
    let by_address = stack.sandbox.contact_by_email("bh@hubspot.com").unwrap().id;
    assert_eq!(receipt["contact"]["contactId"], by_address.to_string());
    stack.finish().await;
}

#[tokio::test]
async fn who_cannot_be_asked_or_found_has_a_code_and_a_way_to_mend_it() {
    let stack = Stack::start().await;
    let nobody = Typed::alone(&["status", "--url", "http://127.0.0.1:9"], &[]).await;
    assert_eq!(nobody.code, 3);
    assert!(nobody.errors.contains("--url or HUBSYNC_URL"), "{nobody:?}");
    let other = Typed::alone(&["status", "--url", &stack.sandbox.url()], &[]).await;
    assert_eq!(other.code, 3);
    assert!(other.errors.contains("is no gateway of hubsync"), "{other:?}");
    for stranger in [["show", "stranger"], ["unlink", "stranger"]] {
        assert_eq!(stack.command(&stranger).await.code, 4, "{stranger:?}");
    }
    assert_eq!(stack.command(&["link", "1", "no number"]).await.code, 2);
    let proxy = [("http_proxy", "http://127.0.0.1:9")];
    let shown = stack.command_with(&["show", "stranger"], &proxy).await;
    assert_eq!(
        shown.code, 4,
        "no proxy is asked for what is on this machine: {shown:?}"
    );
    let request = stack.request(Method::GET, "/users/stranger").send().await;
    assert_eq!(request.unwrap().status(), 404, "nobody was made");
    stack.finish().await;
}

impl Stack {
    async fn wait_for_status(&self, well: bool) -> Value {
        until(&format!("a status that is well: {well}"), CEILING, async || {
            let status = self.command(&["status", "--json"]).await;
            if status.code == i32::from(!well) {
                assert_eq!(status.json()["well"], well);
                Ok(status.json())
            } else {
                Err(status)
            }
        })
        .await
    }
}
