//! Archived properties: what calls see of them, and what contacts keep.

use serde_json::{Value, json};

use super::{PROPERTIES, choice_property};
use crate::client::{CURRENT, Client, properties, start_predictable};

const BRIAN: &str = "/crm/objects/2026-09/contacts/51";

/// Creates a property, writes it and archives it.
async fn archived_plan(client: &Client) {
    client
        .post(PROPERTIES, choice_property("plan", &["free", "team"]))
        .await
        .expect(201);
    client
        .patch(BRIAN, properties(json!({ "plan": "team" })))
        .await
        .expect(200);
    client.delete(&format!("{PROPERTIES}/plan")).await.expect(204);
}

async fn shown_plan(client: &Client) -> Option<Value> {
    let path = format!("{BRIAN}?properties=plan&propertiesWithHistory=plan");
    let body = client.get(&path).await.expect(200);
    assert_eq!(
        body["properties"].get("plan").is_some(),
        body["propertiesWithHistory"].get("plan").is_some()
    );
    body["properties"].get("plan").cloned()
}

#[tokio::test]
async fn an_archived_property_is_neither_written_nor_read() {
    let (hubspot, client) = start_predictable().await;
    archived_plan(&client).await;
    let body = client
        .patch(BRIAN, properties(json!({ "plan": "free" })))
        .await
        .expect(400);
    assert_eq!(body["errors"][0]["code"], "PROPERTY_DOESNT_EXIST");
    assert_eq!(shown_plan(&client).await, None);
    let filter = json!({ "propertyName": "plan", "operator": "EQ", "value": "team" });
    let search = json!({ "filterGroups": [{ "filters": [filter] }] });
    client
        .post(&format!("{CURRENT}/search"), search)
        .await
        .expect(400);
    let kept = hubspot.contact(51).unwrap().value("plan");
    assert_eq!(kept.as_deref(), Some("team"), "the contact keeps its value");
}

#[tokio::test]
async fn archived_definitions_are_read_only_on_request() {
    let (_hubspot, client) = start_predictable().await;
    archived_plan(&client).await;
    let path = format!("{PROPERTIES}/plan");
    client.get(&path).await.expect(404);
    let archived = client.get(&format!("{path}?archived=true")).await.expect(200);
    assert_eq!(archived["archived"], true);
    assert!(archived["archivedAt"].is_string());
    let list = client
        .get(&format!("{PROPERTIES}?archived=true"))
        .await
        .expect(200);
    assert_eq!(list["results"], json!([archived]));
    client
        .get(&format!("{PROPERTIES}/email?archived=true"))
        .await
        .expect(404);
    let batch = json!({ "archived": true, "inputs": [{ "name": "plan" }] });
    let body = client
        .post(&format!("{PROPERTIES}/batch/read"), batch)
        .await
        .expect(200);
    assert_eq!(body["results"][0]["name"], "plan");
}

#[tokio::test]
async fn a_property_created_again_shows_its_old_values() {
    let (_hubspot, client) = start_predictable().await;
    archived_plan(&client).await;
    let mut other_type = choice_property("plan", &["free", "team"]);
    other_type["fieldType"] = "checkbox".into();
    client.post(PROPERTIES, other_type).await.expect(409);
    client
        .post(PROPERTIES, choice_property("plan", &["team"]))
        .await
        .expect(201);
    assert_eq!(shown_plan(&client).await, Some(json!("team")));
    let definition = client.get(&format!("{PROPERTIES}/plan")).await.expect(200);
    assert_eq!(definition["archived"], false);
    assert!(definition.get("archivedAt").is_none());
}

#[tokio::test]
async fn only_custom_properties_that_exist_can_be_archived() {
    let (_hubspot, client) = start_predictable().await;
    archived_plan(&client).await;
    for (name, status) in [("firstname", 400), ("plan", 404), ("nothing", 404)] {
        client
            .delete(&format!("{PROPERTIES}/{name}"))
            .await
            .expect(status);
    }
    client
        .patch(&format!("{PROPERTIES}/plan"), json!({ "label": "x" }))
        .await
        .expect(404);
}
