//! Errors in detail: languages, and ids that are no record's.

use sandbox::{Fault, KnownError, MessageLanguage};
use serde_json::{Value, json};

use crate::{
    client::{V3, batch, calm, named, new, properties, traced},
    wire::{names, switch},
};

#[tokio::test]
async fn an_entry_of_errors_has_an_id_of_its_own_by_switch_and_never_that_of_a_record() {
    let (hubspot, client) = calm().await;
    let inputs = json!([
        traced("t-1", named("999", "x")),
        traced("t-2", json!({ "id": "51", "properties": { "x": "1" } }))
    ]);
    let body = batch(&client, "update", inputs.clone()).await.expect(207);
    for error in body["errors"].as_array().unwrap() {
        assert_eq!(names(error), ["category", "context", "message", "status"].into());
    }
    switch(&hubspot, |switches| switches.error_ids = true);
    let body = batch(&client, "update", inputs).await.expect(207);
    for error in body["errors"].as_array().unwrap() {
        let id = error["id"].as_str().unwrap();
        assert!(id.parse::<u64>().is_err(), "{id}");
    }
}

#[tokio::test]
async fn messages_come_in_another_language_and_everything_else_stays() {
    let (hubspot, client) = calm().await;
    let answers = async || {
        let traced = json!([traced("t-1", new("bh@hubspot.com")), traced("t-2", new("nope"))]);
        hubspot.clear_faults();
        let mut answers = vec![
            client.get(&format!("{V3}/999")).await,
            client
                .post(V3, properties(json!({ "x": "1", "email": "nope" })))
                .await,
            client
                .post(V3, properties(json!({ "email": "bh@hubspot.com" })))
                .await,
            client.post(V3, json!([])).await,
            client.put(V3, json!({})).await,
            batch(&client, "create", traced).await,
            client.get("/crm/v3/objects/nothing").await,
            client.post("/oauth/v1/token", json!({})).await,
            client.clone().with_token("x").get(V3).await,
        ];
        for error in [
            KnownError::DailyLimit,
            KnownError::MissingScopes,
            KnownError::Locked,
            KnownError::Migrating,
        ] {
            hubspot.clear_faults();
            hubspot.add_fault(Fault::answer(error));
            answers.push(client.get(V3).await);
        }
        answers
    };
    let english = answers().await;
    switch(&hubspot, |switches| {
        switches.message_language = MessageLanguage::German;
    });
    for (english, german) in english.iter().zip(answers().await) {
        assert_eq!(english.status, german.status);
        let (english, german) = (english.json(), german.json());
        assert_eq!(
            without_messages(english.clone()),
            without_messages(german.clone())
        );
        let words = ["not ", "Property ", "already", "invalid", "reached", "found"];
        let german = german.to_string();
        assert!(words.iter().all(|word| !german.contains(word)), "{german}");
    }
}

/// A body without its messages and what differs from call to call.
fn without_messages(mut body: Value) -> Value {
    match &mut body {
        Value::Object(members) => {
            for name in [
                "message",
                "error_description",
                "correlationId",
                "startedAt",
                "completedAt",
                "requestedAt",
                "context",
            ] {
                members.remove(name);
            }
            for value in members.values_mut() {
                *value = without_messages(value.take());
            }
        }
        Value::Array(values) => {
            for value in values {
                *value = without_messages(value.take());
            }
        }
        _ => {}
    }
    body
}
