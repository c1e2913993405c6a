//! Addresses and other unique values: conflicts, and what frees them.

use sandbox::{ConflictBody, OldEmail, Settings, Switches};
use serde_json::{Value, json};

use crate::client::{CURRENT, add, start, start_predictable};

fn email(email: &str) -> Value {
    json!({ "properties": { "email": email } })
}

#[tokio::test]
async fn an_address_of_another_contact_is_a_conflict() {
    let (_hubspot, client) = start_predictable().await;
    for body in [
        client.post(CURRENT, email("BH@hubspot.com")).await.expect(409),
        client
            .patch(&format!("{CURRENT}/1"), email("bh@hubspot.com"))
            .await
            .expect(409),
    ] {
        assert_eq!(body["message"], "Contact already exists. Existing ID: 51");
        assert_eq!(body["category"], "CONFLICT");
    }
}

#[tokio::test]
async fn a_conflict_has_the_body_of_the_switch() {
    let (hubspot, client) = start_predictable().await;
    hubspot.set_switches(Switches {
        conflict_body: ConflictBody::WithoutId,
        ..hubspot.switches()
    });
    let body = client.post(CURRENT, email("bh@hubspot.com")).await.expect(409);
    assert_eq!(
        (&body["message"], &body["category"]),
        (&json!("Contact already exists"), &json!("CONFLICT"))
    );
    hubspot.set_switches(Switches {
        conflict_body: ConflictBody::ObjectAlreadyExists,
        ..hubspot.switches()
    });
    let body = client.post(CURRENT, email("bh@hubspot.com")).await.expect(409);
    assert_eq!(
        (&body["category"], &body["error"]),
        (&json!("OBJECT_ALREADY_EXISTS"), &json!("CONTACT_EXISTS"))
    );
    assert_eq!(
        body["errors"][0]["message"],
        "A contact with email bh@hubspot.com already exists. Existing ID: 51"
    );
    assert_eq!(body["errors"][0]["in"], "email");
}

#[tokio::test]
async fn writing_the_same_address_is_no_conflict() {
    let (_hubspot, client) = start_predictable().await;
    client
        .patch(&format!("{CURRENT}/51"), email("BH@HubSpot.com"))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_replaced_address_stays_with_its_contact() {
    let (hubspot, client) = start_predictable().await;
    let id = add(&hubspot, "old@example.com");
    client
        .patch(&format!("{CURRENT}/{id}"), email("new@example.com"))
        .await
        .expect(200);
    let contact = hubspot.contact(&id).unwrap();
    assert_eq!(
        contact.value("hs_additional_emails").as_deref(),
        Some("old@example.com")
    );
    client.post(CURRENT, email("old@example.com")).await.expect(409);
    client
        .patch(&format!("{CURRENT}/{id}"), email("old@example.com"))
        .await
        .expect(200);
    let contact = hubspot.contact(&id).unwrap();
    assert_eq!(
        contact.email(),
        Some("old@example.com"),
        "a secondary address can become the primary one again"
    );
    assert_eq!(contact.additional_emails, ["new@example.com"]);
}

#[tokio::test]
async fn a_replaced_address_can_be_reused_by_switch() {
    let (hubspot, client) = start_predictable().await;
    hubspot.set_switches(Switches {
        old_email: OldEmail::Dropped,
        ..hubspot.switches()
    });
    let id = add(&hubspot, "old@example.com");
    client
        .patch(&format!("{CURRENT}/{id}"), email("new@example.com"))
        .await
        .expect(200);
    assert_eq!(hubspot.contact(&id).unwrap().value("hs_additional_emails"), None);
    client.post(CURRENT, email("old@example.com")).await.expect(201);
}

#[tokio::test]
async fn secondary_addresses_can_be_written_by_switch() {
    let (hubspot, client) = start_predictable().await;
    hubspot.set_switches(Switches {
        additional_emails_writable: true,
        ..hubspot.switches()
    });
    let write = |emails: &str| json!({ "properties": { "hs_additional_emails": emails } });
    client
        .patch(&format!("{CURRENT}/51"), write("A@example.com;b@example.com"))
        .await
        .expect(200);
    assert_eq!(
        hubspot.contact(51).unwrap().additional_emails,
        ["a@example.com", "b@example.com"]
    );
    assert_eq!(
        hubspot.contact_by_email("b@example.com").unwrap().id.to_string(),
        "51"
    );
    client
        .patch(&format!("{CURRENT}/1"), write("b@example.com"))
        .await
        .expect(409);
}

#[tokio::test]
async fn a_unique_value_belongs_to_one_contact() {
    let settings = Settings {
        unique_properties: vec!["app_user_id".into()],
        ..Settings::default()
    };
    let (_hubspot, client) = start(settings).await;
    let write = json!({ "properties": { "app_user_id": "u-77" } });
    client
        .patch(&format!("{CURRENT}/51"), write.clone())
        .await
        .expect(200);
    let body = client.patch(&format!("{CURRENT}/1"), write).await.expect(400);
    assert_eq!(body["errors"][0]["code"], "CONFLICTING_UNIQUE_VALUE");
    assert!(
        body["errors"][0]["message"]
            .as_str()
            .unwrap()
            .ends_with("51 already has that value")
    );
    let read = client
        .get(&format!("{CURRENT}/u-77?idProperty=app_user_id"))
        .await
        .expect(200);
    assert_eq!(read["id"], "51");
}

#[tokio::test]
async fn archiving_frees_the_address_but_not_the_id() {
    let (hubspot, client) = start_predictable().await;
    hubspot.archive(51).unwrap();
    client
        .patch(&format!("{CURRENT}/51"), email("x@example.com"))
        .await
        .expect(404);
    let created = client.post(CURRENT, email("bh@hubspot.com")).await.expect(201);
    assert_ne!(created["id"], "51");
    client.delete(&format!("{CURRENT}/51")).await.expect(204);
}

#[tokio::test]
async fn an_erased_contact_cannot_be_found() {
    let (hubspot, client) = start_predictable().await;
    let last = add(&hubspot, "last@example.com");
    let path = format!("{CURRENT}/gdpr-delete");
    client.post(&path, json!({ "objectId": last })).await.expect(204);
    assert!(hubspot.contact(&last).is_none());
    client
        .get(&format!("{CURRENT}/{last}?archived=true"))
        .await
        .expect(404);
    let next: u64 = add(&hubspot, "next@example.com").parse().unwrap();
    assert!(next > last.parse().unwrap(), "no id is used twice");
    client
        .post(&path, json!({ "objectId": "999999" }))
        .await
        .expect(404);
}

#[tokio::test]
async fn erasing_an_unknown_address_blocks_it() {
    let (_hubspot, client) = start_predictable().await;
    let body = json!({ "objectId": "Gone@example.com", "idProperty": "email" });
    client
        .post(&format!("{CURRENT}/gdpr-delete"), body)
        .await
        .expect(204);
    client.post(CURRENT, email("gone@example.com")).await.expect(400);
    client
        .patch(&format!("{CURRENT}/51"), email("gone@example.com"))
        .await
        .expect(400);
}
