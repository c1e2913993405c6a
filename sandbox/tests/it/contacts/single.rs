//! Single contacts: reads, writes, lookups and what responses contain.

use sandbox::{Switches, WriteKind};
use serde_json::{Value, json};

use crate::client::{CURRENT, V3, add, first_name, properties, start_predictable};

const EVERY_BASE: [&str; 5] = [
    V3,
    "/crm/objects/2026-03/contacts",
    "/crm/objects/2026-03/0-1",
    CURRENT,
    "/crm/objects/2026-09/0-1",
];

#[tokio::test]
async fn every_path_creates_reads_updates_and_archives() {
    let (_hubspot, client) = start_predictable().await;
    for base in EVERY_BASE {
        let created = client
            .post(
                base,
                properties(json!({"email": "Ada@Example.com", "firstname": "Ada"})),
            )
            .await;
        let created = created.expect(201);
        let id = created["id"].as_str().unwrap();
        assert_eq!(created["properties"]["email"], "ada@example.com");
        let path = format!("{base}/{id}");
        client
            .patch(&path, properties(json!({"lastname": "Lovelace"})))
            .await
            .expect(200);
        let read = client.get(&path).await.expect(200);
        assert_eq!(read["properties"]["firstname"], "Ada");
        assert_eq!(read["properties"]["lastname"], "Lovelace");
        client.delete(&path).await.expect(204);
        client.get(&path).await.expect(404);
        let archived = client.get(&format!("{path}?archived=true")).await.expect(200);
        assert_eq!(archived["archived"], true);
        assert!(archived["archivedAt"].is_string());
    }
}

#[tokio::test]
async fn a_read_returns_default_or_requested_properties() {
    let (hubspot, client) = start_predictable().await;
    let read = client.get(&format!("{CURRENT}/51")).await.expect(200);
    let names: Vec<&String> = read["properties"].as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        [
            "createdate",
            "email",
            "firstname",
            "hs_object_id",
            "lastmodifieddate",
            "lastname"
        ]
    );
    assert_eq!(
        read["url"],
        format!(
            "https://app.hubspot.com/contacts/{}/record/0-1/51",
            hubspot.portal_id()
        )
    );
    let read = client
        .get(&format!(
            "{CURRENT}/51?properties=phone,nonsense&properties=email"
        ))
        .await
        .expect(200);
    let shown = read["properties"].as_object().unwrap();
    assert_eq!(shown["phone"], Value::Null);
    assert_eq!(shown["email"], "bh@hubspot.com");
    assert!(!shown.contains_key("nonsense"), "an unknown property is left out");
    assert!(!shown.contains_key("firstname"));
}

#[tokio::test]
async fn the_response_to_a_write_has_only_some_properties() {
    let (_hubspot, client) = start_predictable().await;
    let response = client
        .patch(&format!("{CURRENT}/51"), properties(json!({"phone": "1"})))
        .await
        .expect(200);
    let shown = response["properties"].as_object().unwrap();
    assert_eq!(shown["phone"], "1");
    assert_eq!(shown["hs_object_id"], "51");
    assert!(
        !shown.contains_key("email"),
        "properties that were not written are left out"
    );
}

#[tokio::test]
async fn contacts_are_found_by_each_of_their_addresses() {
    let (hubspot, client) = start_predictable().await;
    let id = add(&hubspot, "old@example.com");
    hubspot.edit_contact(&id, [("email", "new@example.com")]).unwrap();
    for email in ["new%40example.com", "OLD%40example.com"] {
        let path = format!("{CURRENT}/{email}?idProperty=email");
        assert_eq!(client.get(&path).await.expect(200)["id"], *id);
        client
            .patch(&path, properties(json!({"firstname": email})))
            .await
            .expect(200);
        assert_eq!(first_name(&hubspot, &id).as_deref(), Some(email));
    }
}

#[tokio::test]
async fn unknown_contacts_are_not_found() {
    let (_hubspot, client) = start_predictable().await;
    let numeric = "Object not found.  objectId are usually numeric.";
    for (path, message) in [
        ("/999", "resource not found"),
        ("/nobody%40example.com?idProperty=email", "resource not found"),
        ("/nobody%40example.com", numeric),
        ("/text", numeric),
    ] {
        let path = format!("{CURRENT}{path}");
        let read = client.get(&path).await.expect(404);
        let written = client
            .patch(&path, properties(json!({"firstname": "x"})))
            .await
            .expect(404);
        for body in [read, written] {
            assert_eq!(
                (&body["message"], &body["category"]),
                (&json!(message), &json!("OBJECT_NOT_FOUND"))
            );
        }
    }
}

#[tokio::test]
async fn lookups_by_a_property_that_is_not_unique_are_rejected() {
    let (hubspot, client) = start_predictable().await;
    let body = client
        .get(&format!("{CURRENT}/x?idProperty=firstname"))
        .await
        .expect(400);
    let portal_id = hubspot.portal_id();
    let expected = format!(
        "Unable to perform update/upsert by non-unique 0-1 property firstname in portal ID {portal_id}"
    );
    assert_eq!(body["message"], expected);
}

#[tokio::test]
async fn histories_list_the_newest_value_first() {
    let (hubspot, client) = start_predictable().await;
    client
        .patch(
            &format!("{CURRENT}/51"),
            properties(json!({"firstname": "By app"})),
        )
        .await
        .expect(200);
    hubspot.edit_contact(51, [("firstname", "By hand")]).unwrap();
    let read = client
        .get(&format!("{CURRENT}/51?propertiesWithHistory=firstname"))
        .await
        .expect(200);
    let history = read["propertiesWithHistory"]["firstname"].as_array().unwrap();
    let values: Vec<_> = history
        .iter()
        .map(|past| {
            (
                past["value"].as_str().unwrap(),
                past["sourceType"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        values,
        [
            ("By hand", "CRM_UI"),
            ("By app", "INTEGRATION"),
            ("Brian", "CRM_UI")
        ]
    );
    assert!(history[0]["timestamp"].is_string());
}

#[tokio::test]
async fn every_write_is_recorded_with_author_and_values() {
    let (hubspot, client) = start_predictable().await;
    let id = add(&hubspot, "ada@example.com");
    client
        .patch(
            &format!("{CURRENT}/{id}"),
            properties(json!({"firstname": "Ada"})),
        )
        .await
        .expect(200);
    client.delete(&format!("{CURRENT}/{id}")).await.expect(204);
    let writes = hubspot.writes_of(&id);
    let kinds: Vec<_> = writes
        .iter()
        .map(|write| (write.kind, write.author.as_str()))
        .collect();
    let expected = [
        (WriteKind::Created, "salesperson"),
        (WriteKind::Updated, "token 1"),
        (WriteKind::Archived, "token 1"),
    ];
    assert_eq!(kinds, expected);
    assert_eq!(writes[1].properties["firstname"], "Ada");
    assert!(writes.is_sorted_by_key(|write| write.sequence));
    assert_eq!(hubspot.calls()[0].number, writes[1].call);
    assert_eq!(
        hubspot.writes()[2..],
        writes,
        "the sample contacts were written first"
    );
}

#[tokio::test]
async fn equal_values_change_the_modification_date_by_switch() {
    let (hubspot, client) = start_predictable().await;
    let before = hubspot.contact(51).unwrap().updated_at;
    client
        .patch(
            &format!("{CURRENT}/51"),
            properties(json!({"firstname": "Brian"})),
        )
        .await
        .expect(200);
    let after = hubspot.contact(51).unwrap().updated_at;
    assert!(after > before);
    hubspot.set_switches(Switches {
        equal_values_touch: false,
        ..hubspot.switches()
    });
    client
        .patch(
            &format!("{CURRENT}/51"),
            properties(json!({"firstname": "Brian"})),
        )
        .await
        .expect(200);
    assert_eq!(hubspot.contact(51).unwrap().updated_at, after);
}
