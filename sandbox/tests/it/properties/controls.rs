//! The sandbox's own controls: what an admin changes while callers write.

use reqwest::Method;
use sandbox::{CustomProperty, Sandbox};
use serde_json::json;

use crate::client::{CURRENT, Client, properties, start_predictable};

/// The code of the error of a write, or `None` if it succeeds.
async fn write(client: &Client, name: &str, value: &str) -> Option<String> {
    let response = client
        .patch(&format!("{CURRENT}/51"), properties(json!({ name: value })))
        .await;
    let is_written = response.status.is_success();
    (!is_written).then(|| response.json()["errors"][0]["code"].as_str().unwrap().to_owned())
}

fn values(hubspot: &Sandbox, name: &str) -> Option<String> {
    hubspot.contact(51).unwrap().value(name)
}

#[tokio::test]
async fn an_admin_adds_archives_and_restores_a_property() {
    let (hubspot, client) = start_predictable().await;
    let missing = Some("PROPERTY_DOESNT_EXIST".to_owned());
    assert_eq!(write(&client, "nickname", "Bri").await, missing);
    hubspot.add_property("nickname").unwrap();
    assert_eq!(write(&client, "nickname", "Bri").await, None);
    hubspot.archive_property("nickname").unwrap();
    assert_eq!(write(&client, "nickname", "B").await, missing);
    assert!(hubspot.property("nickname").unwrap().is_archived());
    hubspot.restore_property("nickname").unwrap();
    assert_eq!(values(&hubspot, "nickname").as_deref(), Some("Bri"));
    assert_eq!(write(&client, "nickname", "B").await, None);
    assert!(hubspot.restore_property("nickname").is_err());
    assert!(hubspot.add_property("nickname").is_err());
}

#[tokio::test]
async fn an_admin_archives_hubspots_own_properties() {
    let (hubspot, client) = start_predictable().await;
    hubspot.archive_property("firstname").unwrap();
    assert_eq!(
        write(&client, "firstname", "B").await.as_deref(),
        Some("PROPERTY_DOESNT_EXIST")
    );
    let read = client.get(&format!("{CURRENT}/51")).await.expect(200);
    assert!(read["properties"].get("firstname").is_none());
    hubspot.restore_property("firstname").unwrap();
    let read = client.get(&format!("{CURRENT}/51")).await.expect(200);
    assert_eq!(read["properties"]["firstname"], "Brian");
    for name in ["email", "hs_object_id"] {
        assert!(hubspot.archive_property(name).is_err());
    }
}

#[tokio::test]
async fn an_admin_makes_a_property_read_only_and_writable_again() {
    let (hubspot, client) = start_predictable().await;
    hubspot.set_property_read_only("phone", true).unwrap();
    assert_eq!(
        write(&client, "phone", "1").await.as_deref(),
        Some("READ_ONLY_VALUE")
    );
    let definition = client.get("/crm/v3/properties/contacts/phone").await.expect(200);
    assert_eq!(definition["modificationMetadata"]["readOnlyValue"], true);
    hubspot.set_property_read_only("phone", false).unwrap();
    assert_eq!(write(&client, "phone", "1").await, None);
    assert!(hubspot.set_property_read_only("createdate", false).is_err());
}

#[tokio::test]
async fn an_admin_removes_an_option_and_puts_it_back() {
    let (hubspot, client) = start_predictable().await;
    assert_eq!(write(&client, "hs_lead_status", "NEW").await, None);
    hubspot.remove_option("hs_lead_status", "NEW").unwrap();
    assert_eq!(
        write(&client, "hs_lead_status", "NEW").await.as_deref(),
        Some("INVALID_OPTION")
    );
    assert_eq!(values(&hubspot, "hs_lead_status").as_deref(), Some("NEW"));
    hubspot.add_option("hs_lead_status", "NEW").unwrap();
    assert_eq!(write(&client, "hs_lead_status", "NEW").await, None);
    assert!(hubspot.add_option("hs_lead_status", "NEW").is_err());
    assert!(hubspot.remove_option("hs_lead_status", "none").is_err());
    assert!(hubspot.add_option("city", "Paris").is_err());
}

#[tokio::test]
async fn an_admin_changes_the_type_of_a_property() {
    let (hubspot, client) = start_predictable().await;
    assert_eq!(write(&client, "city", "Paris").await, None);
    hubspot
        .change_property_type(&CustomProperty::choice("city", ["Rome", "Bonn"]))
        .unwrap();
    assert_eq!(
        write(&client, "city", "Paris").await.as_deref(),
        Some("INVALID_OPTION")
    );
    assert_eq!(values(&hubspot, "city").as_deref(), Some("Paris"));
    hubspot
        .change_property_type(&CustomProperty::number("city"))
        .unwrap();
    let read = client
        .get(&format!("{CURRENT}/51?properties=city"))
        .await
        .expect(200);
    assert_eq!(
        read["properties"]["city"], "Paris",
        "a value that does not fit stays"
    );
    assert_eq!(write(&client, "city", "7").await, None);
    assert!(
        hubspot
            .change_property_type(&CustomProperty::text("email"))
            .is_err()
    );
}

#[tokio::test]
async fn every_change_of_an_admin_has_a_path() {
    let (hubspot, client) = start_predictable().await;
    let text = "plan:choice(free|team)";
    let added = client
        .raw(Method::POST, "/_sandbox/properties", &[], text)
        .await
        .expect(201);
    assert_eq!(added["name"], "plan");
    let path = "/_sandbox/properties/plan";
    let edited = client.patch(path, json!({ "readOnly": true })).await.expect(200);
    assert_eq!(edited["modificationMetadata"]["readOnlyValue"], true);
    client.patch(path, json!({ "readOnly": false })).await.expect(200);
    let option = format!("{path}/options/business%20plus");
    client.put(&option, json!(null)).await.expect(200);
    assert_eq!(write(&client, "plan", "business plus").await, None);
    client.delete(&option).await.expect(200);
    client.delete(&option).await.expect(404);
    let edited = client
        .patch(path, json!({ "type": "choices(a|b)" }))
        .await
        .expect(200);
    assert_eq!(edited["fieldType"], "checkbox");
    client.delete(path).await.expect(200);
    let all = client.get("/_sandbox/properties").await.expect(200);
    let plan = all
        .as_array()
        .unwrap()
        .iter()
        .find(|definition| definition["name"] == "plan");
    assert!(plan.unwrap()["archivedAt"].is_string());
    client
        .post(&format!("{path}/restore"), json!(null))
        .await
        .expect(200);
    assert_eq!(write(&client, "plan", "a;b").await, None);
    assert_eq!(hubspot.calls().len(), 2, "controls are no calls");
}

#[tokio::test]
async fn changes_that_make_no_sense_are_rejected() {
    let (_hubspot, client) = start_predictable().await;
    for text in ["Plan", "plan:colour", "firstname"] {
        let response = client.raw(Method::POST, "/_sandbox/properties", &[], text).await;
        assert!(response.status.is_client_error(), "{text}");
        assert_eq!(response.json()["status"], "error");
    }
    let path = "/_sandbox/properties/city";
    for body in [
        json!({}),
        json!({ "readOnly": true, "type": "number" }),
        json!({ "type": "colour" }),
        json!({ "label": "x" }),
    ] {
        client.patch(path, body).await.expect(400);
    }
    client.delete("/_sandbox/properties/nothing").await.expect(404);
}
