//! Addresses, conflicts, merges, archived and deleted contacts.

use sandbox::{ConflictBody, OldEmail, Settings, Switches};
use serde_json::{Value, json};

use crate::client::{CURRENT, add, calm, calm_switches, started};

fn email(email: &str) -> Value {
    json!({ "properties": { "email": email } })
}

#[tokio::test]
async fn a_taken_address_is_a_conflict_for_creates_and_updates() {
    let (_hubspot, client) = calm().await;
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
async fn the_body_of_a_conflict_is_a_switch() {
    let (hubspot, client) = calm().await;
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
async fn writing_the_own_address_is_no_conflict() {
    let (_hubspot, client) = calm().await;
    client
        .patch(&format!("{CURRENT}/51"), email("BH@HubSpot.com"))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_replaced_address_stays_taken() {
    let (hubspot, client) = calm().await;
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
async fn a_replaced_address_is_free_if_switched_so() {
    let (hubspot, client) = calm().await;
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
async fn secondary_addresses_can_be_written_if_switched_on() {
    let (hubspot, client) = calm().await;
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
    let (_hubspot, client) = started(settings).await;
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
async fn a_merge_makes_a_new_contact_that_answers_to_the_former_ids() {
    let (hubspot, client) = calm().await;
    let body = json!({ "primaryObjectId": "51", "objectIdToMerge": "1" });
    let merged = client.post(&format!("{CURRENT}/merge"), body).await.expect(200);
    let id = merged["id"].as_str().unwrap();
    assert!(!["1", "51"].contains(&id));
    for former in ["1", "51"] {
        let write = json!({ "properties": { "phone": former } });
        let answer = client
            .patch(&format!("{CURRENT}/{former}"), write)
            .await
            .expect(200);
        assert_eq!(answer["id"], id);
        assert_eq!(
            client.get(&format!("{CURRENT}/{former}")).await.expect(200)["id"],
            id
        );
    }
    let contact = hubspot.contact(id).unwrap();
    assert_eq!(contact.email(), Some("bh@hubspot.com"));
    assert_eq!(
        contact.value("hs_additional_emails").as_deref(),
        Some("emailmaria@hubspot.com")
    );
    assert_eq!(contact.value("hs_merged_object_ids").as_deref(), Some("51;1"));
}

#[tokio::test]
async fn a_merge_keeps_the_primary_id_if_the_account_preserves_it() {
    let (hubspot, client) = calm().await;
    hubspot.set_switches(Switches {
        preserve_primary_id: true,
        ..hubspot.switches()
    });
    let merged = hubspot.merge(51, 1).unwrap();
    assert_eq!(merged.id.to_string(), "51");
    assert_eq!(client.get(&format!("{CURRENT}/1")).await.expect(200)["id"], "51");
    assert_eq!(
        hubspot.contact(51).unwrap().value("firstname").as_deref(),
        Some("Brian")
    );
}

#[tokio::test]
async fn former_ids_can_be_unreadable() {
    let (hubspot, client) = calm().await;
    hubspot.set_switches(Switches {
        former_ids_readable: false,
        ..hubspot.switches()
    });
    let merged = hubspot.merge(51, 1).unwrap();
    client.get(&format!("{CURRENT}/51")).await.expect(404);
    client.get(&format!("{CURRENT}/{}", merged.id)).await.expect(200);
    let write = json!({ "properties": { "phone": "1" } });
    client.patch(&format!("{CURRENT}/51"), write).await.expect(200);
}

#[tokio::test]
async fn merges_of_merges_still_answer_to_the_first_id() {
    let (hubspot, client) = calm().await;
    let third = add(&hubspot, "third@example.com");
    let first_merge = hubspot.merge(51, 1).unwrap();
    let second_merge = hubspot.merge(&third, first_merge.id).unwrap();
    assert_eq!(
        client.get(&format!("{CURRENT}/1")).await.expect(200)["id"],
        second_merge.id.to_string()
    );
    assert_eq!(
        second_merge.value("lastname"),
        None.or_else(|| hubspot.contact(1).unwrap().value("lastname"))
    );
}

#[tokio::test]
async fn a_contact_cannot_be_merged_with_itself_or_with_nobody() {
    let (_hubspot, client) = calm().await;
    for other in ["51", "999"] {
        let body = json!({ "primaryObjectId": "51", "objectIdToMerge": other });
        assert_eq!(
            client.post(&format!("{CURRENT}/merge"), body).await.expect(400)["category"],
            "VALIDATION_ERROR"
        );
    }
}

#[tokio::test]
async fn a_contact_has_at_most_250_identities() {
    let switches = Switches {
        preserve_primary_id: true,
        ..calm_switches()
    };
    let (hubspot, client) = started(Settings {
        switches,
        ..Settings::default()
    })
    .await;
    for number in 0..250 {
        let id = add(&hubspot, &format!("merged-{number}@example.com"));
        hubspot.merge(51, id).unwrap();
    }
    let id = add(&hubspot, "one-too-many@example.com");
    let body = json!({ "primaryObjectId": "51", "objectIdToMerge": id });
    let body = client.post(&format!("{CURRENT}/merge"), body).await.expect(414);
    assert_eq!(
        body["message"],
        "Cannot have more than 250 identities on a profile"
    );
}

#[tokio::test]
async fn an_archived_contact_gives_its_address_back_but_not_its_id() {
    let (hubspot, client) = calm().await;
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
async fn a_contact_deleted_for_privacy_is_gone_for_good() {
    let (hubspot, client) = calm().await;
    let last = add(&hubspot, "last@example.com");
    let path = format!("{CURRENT}/gdpr-delete");
    client.post(&path, json!({ "objectId": last })).await.expect(204);
    assert!(hubspot.contact(&last).is_none());
    client
        .get(&format!("{CURRENT}/{last}?archived=true"))
        .await
        .expect(404);
    let next: u64 = add(&hubspot, "next@example.com").parse().unwrap();
    assert!(next > last.parse().unwrap(), "the id is not given again");
    client
        .post(&path, json!({ "objectId": "999999" }))
        .await
        .expect(404);
}

#[tokio::test]
async fn an_unknown_address_deleted_for_privacy_is_blocked() {
    let (_hubspot, client) = calm().await;
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
