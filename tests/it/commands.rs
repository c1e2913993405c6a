//! An operator's commands, run as the built binary against a whole system: exit codes, JSON and text.

mod busy_gateway;
mod connect;
mod doctor;
mod drift;
mod interrupted;
mod problem_details;
mod problem_list;
mod process;
mod rejecting_gateway;
mod scripted_gateway;

use reqwest::Method;
use sandbox::{Fault, KnownError};
use serde_json::{Value, json};
use testing::wait::until;

use crate::stack::{CEILING, Service, Stack};
use process::CommandResult;

#[tokio::test]
async fn a_rejected_user_is_shown_listed_and_confirmed_by_a_retry() {
    let stack = Stack::start().await;
    stack.change("1", json!({ "email": "bh@hubspot.com" })).await;
    stack.wait_for_state("1", "confirmed").await;
    let contact = stack.sandbox.contact_by_email("bh@hubspot.com").unwrap().id;
    let nameless = Fault::answer(KnownError::Unspecific).for_contact(contact);
    let fault = stack.sandbox.add_fault(nameless);
    stack.merge("1", json!({ "firstName": "Ada" })).await;
    stack.wait_for_state("1", "rejected").await;

    let shown = stack.command(&["show", "1", "--json"]).await;
    assert_eq!(shown.code, 1);
    let shown = shown.json();
    assert_eq!(shown["user"]["firstName"], "Ada");
    let name = &shown["receipt"]["fields"]["firstName"];
    assert_eq!(
        (&name["state"], &name["reason"]["status"]),
        (&json!("rejected"), &json!(400))
    );
    let email = &shown["receipt"]["earlierFields"]["email"];
    assert_eq!(
        email["state"], "confirmed",
        "fields of earlier versions are shown, too"
    );
    let message = name["reason"]["message"].as_str().unwrap();
    let text = stack.command(&["show", "1"]).await.output;
    let first_word = message.split(' ').next().unwrap();
    assert!(
        text.contains(first_word) && text.contains("correlation id"),
        "{text}"
    );

    stack.sandbox.remove_fault(fault);
    // A pending change does not hide the problem. The worker learns of a pause a moment later, so the healthy status before it
    // is waited for as well: right after the start no status is known, which is not healthy either.
    stack.wait_for_status(true).await;
    assert_eq!(stack.command(&["pause"]).await.code, 0);
    stack.wait_for_status(false).await;
    stack.merge("1", json!({ "lastName": "Lovelace" })).await;
    let shown = stack.command(&["show", "1"]).await;
    assert!(shown.code == 1 && shown.output.contains("pending"), "{shown:?}");
    assert_eq!(stack.command(&["resume"]).await.code, 0);
    stack.wait_for_state("1", "confirmed").await;
    // A confirmed change does not hide it, either.
    stack
        .merge("1", json!({ "email": "brian.halligan@hubspot.com" }))
        .await;
    stack.wait_for_state("1", "confirmed").await;
    let shown = stack.command(&["show", "1"]).await;
    assert_eq!(shown.code, 1, "{shown:?}");
    assert!(
        shown.output.contains("rejected") && !shown.output.contains("state     confirmed"),
        "{shown:?}"
    );

    stack.wait_for_summary("usersWithProblems", &json!(1)).await;
    let counted = stack.command(&["problems", "--json"]).await;
    assert_eq!(
        (counted.code, &counted.json()["problems"][0]["state"]),
        (0, &json!("rejected"))
    );
    let listed = stack
        .command(&["problems", "--state", "rejected", "--json"])
        .await;
    assert_eq!(listed.json()["users"][0]["userId"], "1");

    let asked = stack.command(&["retry", "--state", "rejected", "--json"]).await;
    assert_eq!(asked.code, 2, "without a terminal, --yes is required: {asked:?}");
    assert!(
        asked.errors.contains("1 user in state rejected") && asked.errors.contains("--yes"),
        "{asked:?}"
    );
    let retried = stack
        .command(&["retry", "--state", "rejected", "--yes", "--json"])
        .await;
    assert_eq!(
        (retried.code, retried.json()),
        (0, json!({ "retried": 1, "skipped": 0 }))
    );
    until("a user without problems", CEILING, async || {
        let shown = stack.command(&["show", "1"]).await;
        if shown.code == 0 { Ok(()) } else { Err(shown) }
    })
    .await;
    stack.finish().await;
}

#[tokio::test]
async fn a_retry_of_named_users_reports_those_that_do_not_exist() {
    let stack = Stack::start().await;
    stack.change("1", json!({ "email": "nobody@example.com" })).await;
    stack.wait_for_state("1", "notFound").await;
    stack
        .sandbox
        .create_contact([("email", "nobody@example.com")])
        .unwrap();
    let retried = stack.command(&["retry", "1", "stranger", "--json"]).await;
    assert_eq!(retried.code, 4);
    assert_eq!(
        retried.json(),
        json!({ "retried": 1, "skipped": 0, "unknown": ["stranger"] })
    );
    stack.wait_for_state("1", "confirmed").await;
    stack.finish().await;
}

#[tokio::test]
async fn the_status_shows_that_delivery_is_paused_and_resumed() {
    let stack = Stack::start().await;
    stack.wait_for_status(true).await;
    let paused = stack.command(&["pause", "--json"]).await;
    assert_eq!((paused.code, &paused.json()["paused"]), (0, &json!(true)));
    // The next command sees the pause at once.
    let status = stack.command(&["status", "--json"]).await;
    assert_eq!(status.json()["summary"]["delivery"]["status"], "paused");
    stack.change("1", json!({ "email": "bh@hubspot.com" })).await;
    assert_eq!(stack.command(&["resume"]).await.code, 0);
    let status = stack.command(&["status", "--json"]).await;
    assert_eq!(status.json()["summary"]["delivery"]["status"], "running");
    stack.wait_for_state("1", "confirmed").await;
    stack.wait_for_status(true).await;
    stack.finish().await;
}

#[tokio::test]
async fn the_status_without_a_user_service_is_unhealthy() {
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
async fn a_resync_of_all_users_needs_yes_and_counts_them() {
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
        (0, json!({ "resynced": 2, "shared": 0, "skipped": 0 }))
    );
    stack
        .wait_for_property("bh@hubspot.com", "firstname", "Ada")
        .await;
    stack.wait_until_no_user_is_dirty().await;
    let named = stack.command(&["resync", "1", "--json"]).await;
    assert_eq!(named.json()["resynced"], 1);
    assert_eq!(stack.command(&["resync"]).await.code, 2, "no user is named");
    stack.finish().await;
}

#[tokio::test]
async fn writes_follow_a_link_and_after_an_unlink_the_address() {
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
        (linked.code, &linked.json()["contact"]["origin"]),
        (0, &json!("byOperator"))
    );
    stack
        .wait_for_property("other@example.com", "firstname", "Ada")
        .await;
    // The contact it was linked to before still has the user's address, which is a conflict; the link stays.
    let receipt = stack.wait_for_state("1", "conflict").await;
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
async fn an_unreachable_gateway_and_an_unknown_user_have_exit_codes() {
    let stack = Stack::start().await;
    let unreachable = CommandResult::alone(&["status", "--url", "http://127.0.0.1:9"], &[]).await;
    assert_eq!(unreachable.code, 3);
    assert!(
        unreachable.errors.contains("--url or HUBSYNC_URL"),
        "{unreachable:?}"
    );
    let other = CommandResult::alone(&["status", "--url", &stack.sandbox.url()], &[]).await;
    assert_eq!(other.code, 3);
    assert!(other.errors.contains("is not a hubsync gateway"), "{other:?}");
    for stranger in [["show", "stranger"], ["unlink", "stranger"]] {
        assert_eq!(stack.command(&stranger).await.code, 4, "{stranger:?}");
    }
    assert_eq!(stack.command(&["link", "1", "no number"]).await.code, 2);
    let proxy = [("http_proxy", "http://127.0.0.1:9")];
    let shown = stack.command_with(&["show", "stranger"], &proxy).await;
    assert_eq!(
        shown.code, 4,
        "no proxy is used for an address on this machine: {shown:?}"
    );
    let request = stack.request(Method::GET, "/users/stranger").send().await;
    assert_eq!(request.unwrap().status(), 404, "no user was created");
    stack.finish().await;
}

impl Stack {
    async fn wait_for_status(&self, healthy: bool) -> Value {
        until(
            &format!("a status with healthy: {healthy}"),
            CEILING,
            async || {
                let status = self.command(&["status", "--json"]).await;
                if status.code == i32::from(!healthy) {
                    assert_eq!(status.json()["healthy"], healthy);
                    Ok(status.json())
                } else {
                    Err(status)
                }
            },
        )
        .await
    }
}
