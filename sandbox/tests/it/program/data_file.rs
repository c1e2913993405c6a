//! The data set in a file: what survives a shutdown, a kill and a restart.

use std::path::Path;

use sandbox::{Sandbox, Settings};
use serde_json::json;

use crate::client::{CURRENT, Client, add, start};

fn stored_in(path: &Path) -> Settings {
    Settings {
        data_file: Some(path.to_owned()),
        ..Settings::default()
    }
}

#[tokio::test]
async fn contacts_account_and_history_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("contacts.jsonl");
    let (hubspot, client) = start(stored_in(&path)).await;
    let portal_id = hubspot.portal_id();
    let id = add(&hubspot, "ada@example.com");
    client
        .patch(
            &format!("{CURRENT}/{id}"),
            json!({ "properties": { "firstname": "Ada" } }),
        )
        .await
        .expect(200);
    let (before, writes) = (hubspot.contacts(), hubspot.writes_of(&id));
    hubspot.shutdown().await;

    let hubspot = Sandbox::start(stored_in(&path)).await.unwrap();
    assert_eq!(hubspot.portal_id(), portal_id);
    assert_eq!(hubspot.contacts(), before);
    assert_eq!(hubspot.writes_of(&id), writes);
}

#[tokio::test]
async fn no_id_is_used_twice_even_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("contacts.jsonl");
    let (hubspot, client) = start(stored_in(&path)).await;
    let deleted = add(&hubspot, "gone@example.com");
    client
        .post(&format!("{CURRENT}/gdpr-delete"), json!({ "objectId": deleted }))
        .await
        .expect(204);
    hubspot.shutdown().await;

    let hubspot = Sandbox::start(stored_in(&path)).await.unwrap();
    assert!(hubspot.contact(&deleted).is_none());
    let next: u64 = add(&hubspot, "next@example.com").parse().unwrap();
    assert!(next > deleted.parse().unwrap());
}

#[tokio::test]
async fn former_ids_and_blocked_addresses_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("contacts.jsonl");
    let (hubspot, client) = start(stored_in(&path)).await;
    let merged = hubspot.merge(51, 1).unwrap().id;
    let blocked = json!({ "objectId": "gone@example.com", "idProperty": "email" });
    client
        .post(&format!("{CURRENT}/gdpr-delete"), blocked)
        .await
        .expect(204);
    hubspot.shutdown().await;

    let (hubspot, client) = start(stored_in(&path)).await;
    assert_eq!(hubspot.contact(1).unwrap().id, merged);
    assert_eq!(hubspot.contacts().len(), 1);
    client
        .post(CURRENT, json!({ "properties": { "email": "gone@example.com" } }))
        .await
        .expect(400);
}

#[tokio::test]
async fn confirmed_writes_are_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("contacts.jsonl");
    let (_hubspot, client) = start(stored_in(&path)).await;
    let created = client
        .post(CURRENT, json!({ "properties": { "email": "ada@example.com" } }))
        .await
        .expect(201);
    // A copy stands for the file that a killed process leaves, in which the last line may be incomplete.
    let copy = folder.path().join("copy.jsonl");
    let mut text = std::fs::read_to_string(&path).unwrap();
    text.push_str("{\"contact\":{\"id\":\"9");
    std::fs::write(&copy, text).unwrap();

    let after_kill = Sandbox::start(stored_in(&copy)).await.unwrap();
    let contact = after_kill.contact_by_email("ada@example.com").unwrap();
    assert_eq!(contact.id.to_string(), created["id"]);
    assert_eq!(after_kill.contacts().len(), 3);
}

#[tokio::test]
async fn a_rejected_batch_does_not_change_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("contacts.jsonl");
    let (_hubspot, client) = start(stored_in(&path)).await;
    let before = std::fs::read(&path).unwrap();
    let new = |email: &str| json!({ "properties": { "email": email } });
    let inputs = json!({ "inputs": [new("fine@example.com"), new("bh@hubspot.com")] });
    client
        .post(&format!("{CURRENT}/batch/create"), inputs)
        .await
        .expect(409);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn only_one_sandbox_can_use_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("contacts.jsonl");
    let first = Sandbox::start(stored_in(&path)).await.unwrap();
    let error = Sandbox::start(stored_in(&path)).await.unwrap_err();
    assert!(error.to_string().contains("another sandbox uses it"), "{error}");
    first.shutdown().await;
    Sandbox::start(stored_in(&path)).await.unwrap();
}

#[tokio::test]
async fn a_file_without_a_data_set_is_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "dear diary\n").unwrap();
    let error = Sandbox::start(stored_in(&path)).await.unwrap_err();
    assert!(error.to_string().contains("line 1"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "dear diary\n");
}

#[tokio::test]
async fn each_data_set_has_its_own_account() {
    let (first, client) = start(Settings::default()).await;
    let second = Sandbox::start(Settings::default()).await.unwrap();
    assert_ne!(first.portal_id(), second.portal_id());
    drop(second);
    let emails: Vec<_> = first
        .contacts()
        .iter()
        .map(|contact| contact.email().unwrap().to_owned())
        .collect();
    assert_eq!(emails, ["emailmaria@hubspot.com", "bh@hubspot.com"]);
    let brian = Client::get(&client, &format!("{CURRENT}/51")).await.expect(200);
    assert_eq!(brian["properties"]["lastname"], "Halligan (Sample Contact)");
}
