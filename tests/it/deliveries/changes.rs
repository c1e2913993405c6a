//! Deliveries of changes: to a contact, to no contact, and where HubSpot or its users disagree.

use serde_json::{Value, json};

use crate::stack::Stack;

#[tokio::test]
async fn an_update_reaches_the_contact_and_is_confirmed() {
    let stack = Stack::start().await;
    let body = json!({ "email": "bh@hubspot.com", "firstName": "Ada", "lastName": "Lovelace" });
    let response = stack.patch("1", body).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["etag"], "\"1\"");
    stack
        .wait_for_property("bh@hubspot.com", "firstname", "Ada")
        .await;
    stack
        .wait_for_property("bh@hubspot.com", "lastname", "Lovelace")
        .await;
    let receipt = stack.wait_for_state("1", "confirmed").await;
    let contact = stack.sandbox.contact_by_email("bh@hubspot.com").unwrap();
    assert_eq!(receipt["contact"]["contactId"], contact.id.to_string());
    assert_eq!(
        receipt["contact"]["accountId"],
        stack.sandbox.portal_id().to_string()
    );
    stack.finish().await;
}

#[tokio::test]
async fn an_update_without_a_contact_is_accepted_and_not_found() {
    let stack = Stack::start().await;
    stack
        .change(
            "7",
            json!({ "email": "nobody@example.com", "firstName": "No", "lastName": "Body" }),
        )
        .await;
    let receipt = stack.wait_for_state("7", "notFound").await;
    assert_eq!(receipt["contact"], json!(null));
    let user = stack.user("7").await.unwrap();
    assert_eq!(user["firstName"], "No");
    assert!(
        stack.sandbox.contact_by_email("nobody@example.com").is_none(),
        "no contact is created"
    );
    stack.finish().await;
}

#[tokio::test]
async fn the_last_of_many_quick_changes_wins() {
    let stack = Stack::start().await;
    for number in 1..=20 {
        stack
            .change(
                "1",
                json!({ "email": "bh@hubspot.com", "firstName": format!("Ada {number}") }),
            )
            .await;
    }
    stack
        .wait_for_property("bh@hubspot.com", "firstname", "Ada 20")
        .await;
    let receipt = stack.wait_for_state("1", "confirmed").await;
    assert_eq!(receipt["version"], 20);
    let contact = stack.sandbox.contact_by_email("bh@hubspot.com").unwrap();
    let names = stack.sandbox.writes_of(contact.id).into_iter();
    let names = names.filter_map(|write| write.properties.get("firstname").cloned());
    let numbers: Vec<u32> = names
        .filter_map(|name| name.strip_prefix("Ada ")?.parse().ok())
        .collect();
    assert!(
        numbers.is_sorted(),
        "an older value overwrote a newer one: {numbers:?}"
    );
    stack.finish().await;
}

#[tokio::test]
async fn a_change_of_address_updates_the_same_contact() {
    let stack = Stack::start().await;
    stack
        .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Brian" }))
        .await;
    let first = stack.wait_for_state("1", "confirmed").await;
    stack.change("1", json!({ "email": "brian@example.com" })).await;
    stack
        .wait_for_property("brian@example.com", "firstname", "Brian")
        .await;
    let second = stack.wait_for_state("1", "confirmed").await;
    assert_eq!(first["contact"]["contactId"], second["contact"]["contactId"]);
    assert_eq!(second["contact"]["address"], "brian@example.com");
    stack.finish().await;
}

#[tokio::test]
async fn an_address_of_another_contact_moves_the_link_to_it() {
    let stack = Stack::start().await;
    stack
        .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Ada" }))
        .await;
    stack.wait_for_state("1", "confirmed").await;
    let other = stack.sandbox.contact_by_email("emailmaria@hubspot.com").unwrap();
    stack
        .change("1", json!({ "email": "emailmaria@hubspot.com" }))
        .await;
    stack
        .wait_for_property("emailmaria@hubspot.com", "firstname", "Ada")
        .await;
    let receipt = stack.wait_for_state("1", "confirmed").await;
    assert_eq!(receipt["contact"]["contactId"], other.id.to_string());
    assert_eq!(receipt["contact"]["origin"], "followed");
    assert!(
        stack.sandbox.contact_by_email("bh@hubspot.com").is_some(),
        "the former contact is unchanged"
    );
    stack.finish().await;
}

#[tokio::test]
async fn a_rejected_address_does_not_delay_a_new_name() {
    let stack = Stack::start().await;
    stack
        .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Brian" }))
        .await;
    stack.wait_for_state("1", "confirmed").await;
    // This address is valid by the standard, and HubSpot rejects it.
    stack
        .change(
            "1",
            json!({ "email": "\"bad address\"@example.com", "firstName": "Ada" }),
        )
        .await;
    stack
        .wait_for_property("bh@hubspot.com", "firstname", "Ada")
        .await;
    let receipt = stack.wait_for_state("1", "rejected").await;
    assert_eq!(receipt["fields"]["firstName"]["state"], "confirmed");
    assert_eq!(receipt["fields"]["email"]["state"], "rejected");
    let reason = &receipt["fields"]["email"]["reason"];
    assert_eq!(
        (&reason["code"], &reason["category"]),
        (&json!("INVALID_EMAIL"), &json!("VALIDATION_ERROR"))
    );
    let message = reason["message"].as_str().unwrap();
    assert!(
        message.contains("bad address"),
        "not HubSpot's message: {message}"
    );
    assert_eq!(reason["correlationId"].as_str().unwrap().len(), 36, "{reason}");
    let attempts = receipt["lastAttempts"].as_array().unwrap();
    assert_eq!(
        (
            &attempts[0]["status"],
            &attempts[0]["code"],
            &attempts[0]["correlationId"]
        ),
        (&json!(207), &json!("INVALID_EMAIL"), &reason["correlationId"]),
        "{receipt}"
    );
    stack.finish().await;
}

#[tokio::test]
async fn a_receipt_lists_the_last_attempts() {
    let stack = Stack::start().await;
    stack
        .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Ada" }))
        .await;
    let receipt = stack.wait_for_state("1", "confirmed").await;
    let attempts = receipt["lastAttempts"].as_array().unwrap();
    // The first attempt finds the contact, the second writes to it.
    let listed: Vec<_> = attempts
        .iter()
        .map(|attempt| (&attempt["attempt"], &attempt["status"], &attempt["code"]))
        .collect();
    assert_eq!(
        listed,
        [
            (&json!(2), &json!(200), &json!(null)),
            (&json!(1), &json!(200), &json!("CONTACT_FOUND")),
        ]
    );
    assert!(attempts[0]["durationMs"].as_u64().unwrap() < 60_000);
    assert_eq!(attempts[0]["correlationId"].as_str().unwrap().len(), 36);
    assert!(attempts[0]["at"].as_str().unwrap() >= attempts[1]["at"].as_str().unwrap());
    stack.finish().await;
}

#[tokio::test]
async fn a_salespersons_edit_of_an_unchanged_field_survives() {
    let stack = Stack::start().await;
    stack
        .change(
            "1",
            json!({ "email": "bh@hubspot.com", "firstName": "Ada", "lastName": "King" }),
        )
        .await;
    stack.wait_for_state("1", "confirmed").await;
    let contact = stack.sandbox.contact_by_email("bh@hubspot.com").unwrap();
    stack
        .sandbox
        .edit_contact(contact.id, [("lastname", "Lovelace"), ("jobtitle", "Countess")])
        .unwrap();
    stack.merge("1", json!({ "firstName": "Augusta" })).await;
    stack
        .wait_for_property("bh@hubspot.com", "firstname", "Augusta")
        .await;
    stack.wait_for_state("1", "confirmed").await;
    stack
        .wait_for_property("bh@hubspot.com", "lastname", "Lovelace")
        .await;
    stack
        .wait_for_property("bh@hubspot.com", "jobtitle", "Countess")
        .await;
    stack.finish().await;
}

/// As an application does that sends the whole profile at each login.
#[tokio::test]
async fn a_profile_sent_a_thousand_times_is_one_version_and_one_write() {
    let stack = Stack::start().await;
    let profile = || json!({ "email": "bh@hubspot.com", "firstName": "Ada", "lastName": "King" });
    let contact = stack.sandbox.contact_by_email("bh@hubspot.com").unwrap();
    let writes = stack.sandbox.writes_of(contact.id).len();
    let mut answers = Vec::new();
    for _ in 0..500 {
        let answer: Value = stack.patch("1", profile()).await.json().await.unwrap();
        answers.push((answer["user"]["version"].clone(), answer["changed"].clone()));
    }
    stack.wait_for_state("1", "confirmed").await;
    let calls = stack.sandbox.calls().len();
    // Somebody in HubSpot corrects a name.
    let corrected = [("lastname", "Lovelace")];
    stack.sandbox.edit_contact(contact.id, corrected).unwrap();
    for _ in 0..500 {
        let answer: Value = stack.patch("1", profile()).await.json().await.unwrap();
        answers.push((answer["user"]["version"].clone(), answer["changed"].clone()));
    }
    let receipt = stack.wait_for_state("1", "confirmed").await;
    assert_eq!(receipt["version"], 1);
    assert_eq!(answers[0], (json!(1), json!(true)));
    assert!(
        answers[1..]
            .iter()
            .all(|answer| *answer == (json!(1), json!(false)))
    );
    assert_eq!(stack.sandbox.calls().len(), calls, "nothing was sent again");
    let written = stack.sandbox.writes_of(contact.id).into_iter().skip(writes);
    let written: Vec<_> = written
        .filter(|write| {
            write
                .properties
                .get("firstname")
                .is_some_and(|name| name == "Ada")
        })
        .collect();
    assert_eq!(written.len(), 1);
    stack
        .wait_for_property("bh@hubspot.com", "lastname", "Lovelace")
        .await;
    stack.finish().await;
}

#[tokio::test]
async fn a_cleared_name_is_cleared_in_hubspot() {
    let stack = Stack::start().await;
    stack
        .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Ada" }))
        .await;
    stack
        .wait_for_property("bh@hubspot.com", "firstname", "Ada")
        .await;
    stack.merge("1", json!({ "firstName": null })).await;
    testing::wait::until("the name to be cleared", crate::stack::CEILING, async || {
        let contact = stack.sandbox.contact_by_email("bh@hubspot.com").unwrap();
        contact.value("firstname").is_none_or(|name| name.is_empty())
    })
    .await;
    stack.wait_for_state("1", "confirmed").await;
    stack.finish().await;
}

#[tokio::test]
async fn three_hundred_users_are_confirmed_each_with_its_own_name() {
    let stack = Stack::start().await;
    for number in 0..300 {
        let email = format!("user{number}@example.com");
        stack
            .sandbox
            .create_contact([("email", email.as_str()), ("firstname", "old")])
            .unwrap();
    }
    for number in 0..300 {
        let body =
            json!({ "email": format!("user{number}@example.com"), "firstName": format!("new {number}") });
        stack.change(&format!("u{number}"), body).await;
    }
    for number in 0..300 {
        stack.wait_for_state(&format!("u{number}"), "confirmed").await;
        let contact = stack
            .sandbox
            .contact_by_email(&format!("user{number}@example.com"))
            .unwrap();
        assert_eq!(
            contact.value("firstname").as_deref(),
            Some(format!("new {number}").as_str())
        );
    }
    stack.finish().await;
}
