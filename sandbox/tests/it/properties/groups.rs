//! Groups of properties.

use serde_json::json;

use super::{PROPERTIES, text_property};
use crate::client::start_predictable;

#[tokio::test]
async fn a_new_group_can_have_properties() {
    let (_hubspot, client) = start_predictable().await;
    let path = format!("{PROPERTIES}/groups");
    let group = json!({ "name": "app", "label": "App", "displayOrder": 3 });
    let created = client.post(&path, group.clone()).await.expect(201);
    let expected = json!({ "name": "app", "label": "App", "displayOrder": 3, "archived": false });
    assert_eq!(created, expected);
    assert_eq!(client.get(&format!("{path}/app")).await.expect(200), expected);
    let body = client.post(&path, group).await.expect(409);
    assert_eq!(body["category"], "OBJECT_ALREADY_EXISTS");
    let mut property = text_property("nickname");
    property["groupName"] = "app".into();
    client.post(PROPERTIES, property).await.expect(201);
}

#[tokio::test]
async fn hubspots_own_groups_are_listed() {
    let (_hubspot, client) = start_predictable().await;
    let list = client.get("/crm/v3/properties/0-1/groups").await.expect(200);
    let groups = list["results"].as_array().unwrap();
    assert!(groups.iter().any(|group| group["name"] == "contactinformation"));
    client
        .get("/crm/v3/properties/0-1/groups/contactinformation")
        .await
        .expect(200);
    client
        .get("/crm/v3/properties/0-1/groups/nothing")
        .await
        .expect(404);
}

#[tokio::test]
async fn invalid_groups_are_rejected() {
    let (_hubspot, client) = start_predictable().await;
    for body in [
        json!({}),
        json!({ "name": "app" }),
        json!({ "name": "App", "label": "App" }),
        json!({ "name": "app", "label": " " }),
    ] {
        client
            .post(&format!("{PROPERTIES}/groups"), body)
            .await
            .expect(400);
    }
}
