//! Merged contacts and their former ids.

use sandbox::{Settings, Switches};
use serde_json::json;

use crate::client::{CURRENT, add, batch, named, predictable_switches, start, start_predictable, traced};

#[tokio::test]
async fn a_merged_contact_is_found_by_its_former_ids() {
    let (hubspot, client) = start_predictable().await;
    let body = json!({ "primaryObjectId": "51", "objectIdToMerge": "1" });
    let merged = client.post(&format!("{CURRENT}/merge"), body).await.expect(200);
    let id = merged["id"].as_str().unwrap();
    assert!(!["1", "51"].contains(&id));
    for former in ["1", "51"] {
        let write = json!({ "properties": { "phone": former } });
        let response = client
            .patch(&format!("{CURRENT}/{former}"), write)
            .await
            .expect(200);
        assert_eq!(response["id"], id);
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
async fn a_merge_keeps_the_primary_id_by_switch() {
    let (hubspot, client) = start_predictable().await;
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
async fn former_ids_can_be_unreadable_by_switch() {
    let (hubspot, client) = start_predictable().await;
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
async fn a_contact_merged_twice_is_found_by_its_first_id() {
    let (hubspot, client) = start_predictable().await;
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
async fn merges_with_itself_or_an_unknown_contact_fail() {
    let (_hubspot, client) = start_predictable().await;
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
        ..predictable_switches()
    };
    let (hubspot, client) = start(Settings {
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
async fn batch_updates_follow_former_ids_by_switch() {
    let (hubspot, client) = start_predictable().await;
    hubspot.set_switches(Switches {
        former_ids_followed: true,
        trace_ids_in_results: true,
        ..hubspot.switches()
    });
    let merged = hubspot.merge(51, 1).unwrap().id.to_string();
    let body = batch(&client, "update", json!([traced("t-1", named("51", "x"))])).await;
    let results = &body.expect(200)["results"];
    assert_eq!(results[0]["id"], merged);
    assert_eq!(results[0]["objectWriteTraceId"], "t-1");
}
