//! Properties in the data file.

use std::path::Path;

use sandbox::{CustomProperty, RuleType, Sandbox, Settings, ValidationRule};
use serde_json::json;

use super::{PROPERTIES, choice_property};
use crate::client::{CURRENT, properties, start};

fn stored_in(path: &Path) -> Settings {
    Settings {
        data_file: Some(path.to_owned()),
        ..Settings::default()
    }
}

#[tokio::test]
async fn custom_changed_and_archived_properties_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("contacts.jsonl");
    let (hubspot, client) = start(stored_in(&path)).await;
    client
        .post(
            &format!("{PROPERTIES}/groups"),
            json!({ "name": "app", "label": "App" }),
        )
        .await
        .expect(201);
    client
        .post(PROPERTIES, choice_property("plan", &["free", "team"]))
        .await
        .expect(201);
    client
        .patch(&format!("{CURRENT}/51"), properties(json!({ "plan": "team" })))
        .await
        .expect(200);
    client.delete(&format!("{PROPERTIES}/plan")).await.expect(204);
    hubspot.set_property_read_only("phone", true).unwrap();
    hubspot.add_option("hs_lead_status", "LOST").unwrap();
    let rule = ValidationRule::new(RuleType::MaxLength, ["5"]);
    hubspot.set_validation_rules("city", [rule]).unwrap();
    let names = ["plan", "phone", "hs_lead_status", "city"];
    let before = names.map(|name| hubspot.property(name));
    hubspot.shutdown().await;

    // The second start reads a file that the first one has compacted.
    for _ in 0..2 {
        let (hubspot, client) = start(stored_in(&path)).await;
        assert_eq!(names.map(|name| hubspot.property(name)), before);
        client.get(&format!("{PROPERTIES}/groups/app")).await.expect(200);
        hubspot.shutdown().await;
    }
    let hubspot = Sandbox::start(stored_in(&path)).await.unwrap();
    hubspot.restore_property("plan").unwrap();
    let kept = hubspot.contact(51).unwrap().value("plan");
    assert_eq!(kept.as_deref(), Some("team"));
}

#[tokio::test]
async fn a_killed_sandbox_loses_no_property() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("contacts.jsonl");
    let (_hubspot, client) = start(stored_in(&path)).await;
    client
        .post(PROPERTIES, choice_property("plan", &["free"]))
        .await
        .expect(201);
    // A copy stands for the file that a killed process leaves.
    let copy = folder.path().join("copy.jsonl");
    std::fs::copy(&path, &copy).unwrap();
    let after_kill = Sandbox::start(stored_in(&copy)).await.unwrap();
    assert_eq!(after_kill.property("plan").unwrap().options.len(), 1);
}

#[tokio::test]
async fn stored_properties_take_precedence_over_settings() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("contacts.jsonl");
    let with = |property: CustomProperty| Settings {
        custom_properties: vec![property],
        ..stored_in(&path)
    };
    let hubspot = Sandbox::start(with(CustomProperty::text("plan"))).await.unwrap();
    hubspot.archive_property("plan").unwrap();
    hubspot.shutdown().await;
    let hubspot = Sandbox::start(with(CustomProperty::number("plan")))
        .await
        .unwrap();
    let plan = hubspot.property("plan").unwrap();
    assert_eq!(plan.property_type, sandbox::PropertyType::String);
    assert!(plan.is_archived());
    hubspot.shutdown().await;
    let hubspot = Sandbox::start(with(CustomProperty::text("nickname")))
        .await
        .unwrap();
    assert!(hubspot.property("nickname").is_some(), "a new one is added");
    assert!(hubspot.property("plan").is_some(), "and no stored one is lost");
}

#[tokio::test]
async fn a_file_without_properties_is_still_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("contacts.jsonl");
    let lines = [
        r#"{"account":{"portalId":12345678,"nextId":51,"nextWrite":2,"blockedEmails":[]}}"#,
        r#"{"contact":{"id":"1","properties":{"email":"ada@example.com","app_user_id":"u-1"},"additional_emails":[],"former_ids":[],"created_at":"2026-11-01T10:00:00Z","updated_at":"2026-11-01T10:00:00Z","archived_at":null,"source":"integration","history":{}}}"#,
    ];
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    let settings = Settings {
        unique_properties: vec!["app_user_id".into()],
        ..stored_in(&path)
    };
    let (hubspot, client) = start(settings).await;
    assert_eq!(hubspot.portal_id(), 12_345_678);
    let found = client
        .get(&format!("{CURRENT}/u-1?idProperty=app_user_id"))
        .await
        .expect(200);
    assert_eq!(found["id"], "1");
}

#[tokio::test]
async fn a_rejected_definition_does_not_change_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("contacts.jsonl");
    let (_hubspot, client) = start(stored_in(&path)).await;
    let before = std::fs::read(&path).unwrap();
    client
        .post(PROPERTIES, choice_property("plan", &[]))
        .await
        .expect(400);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}
