//! Errors in detail: the language of messages, and the ids of errors.

use sandbox::{Fault, KnownError, MessageLanguage};
use serde_json::{Value, json};

use crate::{
    client::{V3, batch, named, new, properties, start_predictable, traced},
    requests::members::{names, switch},
};

#[tokio::test]
async fn errors_have_their_own_ids_by_switch() {
    let (hubspot, client) = start_predictable().await;
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
async fn only_messages_are_translated() {
    let (hubspot, client) = start_predictable().await;
    let responses = async || {
        let traced = json!([traced("t-1", new("bh@hubspot.com")), traced("t-2", new("nope"))]);
        hubspot.clear_faults();
        let mut responses = vec![
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
            responses.push(client.get(V3).await);
        }
        responses
    };
    let english = responses().await;
    switch(&hubspot, |switches| {
        switches.message_language = MessageLanguage::German;
    });
    for (english, german) in english.iter().zip(responses().await) {
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

/// A body without its messages and without the members that differ between calls.
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
