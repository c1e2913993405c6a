//! Batches by addresses and unique properties, batch reads and archives.

use sandbox::{Settings, Switches};
use serde_json::{Value, json};

use crate::client::{CURRENT, batch, first_name, ids, named, start, start_predictable, traced};

#[tokio::test]
async fn batch_reads_by_email_return_each_contact_once() {
    let (hubspot, client) = start_predictable().await;
    hubspot
        .edit_contact(51, [("email", "brian@example.com")])
        .unwrap();
    let body = json!({
        "idProperty": "email",
        "inputs": [{ "id": "BH@hubspot.com" }, { "id": "brian@example.com" }, { "id": "nobody@example.com" }],
        "properties": ["email", "hs_additional_emails"],
    });
    let body = client
        .post(&format!("{CURRENT}/batch/read"), body)
        .await
        .expect(207);
    assert_eq!(ids(&body["results"]), ["51"]);
    assert_eq!(
        body["results"][0]["properties"]["hs_additional_emails"],
        "bh@hubspot.com"
    );
    assert_eq!(body["errors"][0]["context"]["ids"], json!(["nobody@example.com"]));
}

#[tokio::test]
async fn batch_reads_of_histories_accept_fifty_inputs() {
    let (_hubspot, client) = start_predictable().await;
    let read = |count: usize| {
        let inputs: Vec<Value> = (0..count).map(|id| json!({ "id": id.to_string() })).collect();
        json!({ "inputs": inputs, "properties": [], "propertiesWithHistory": ["firstname"] })
    };
    let path = format!("{CURRENT}/batch/read");
    let body = client.post(&path, read(51)).await.expect(400);
    let message = "The maximum number of inputs supported in a batch request for property histories is 50. Please reduce the number of items and try again";
    assert_eq!(body["message"], message);
    let body = client
        .post(
            &path,
            json!({ "inputs": [{ "id": "51" }], "propertiesWithHistory": ["firstname"] }),
        )
        .await
        .expect(200);
    assert_eq!(
        body["results"][0]["propertiesWithHistory"]["firstname"][0]["value"],
        "Brian"
    );
}

#[tokio::test]
async fn archived_contacts_can_be_read_with_archived_true() {
    let (hubspot, client) = start_predictable().await;
    hubspot.archive(51).unwrap();
    let body = json!({ "inputs": [{ "id": "51" }, { "id": "1" }] });
    let body = client
        .post(&format!("{CURRENT}/batch/read?archived=true"), body)
        .await
        .expect(207);
    assert_eq!(ids(&body["results"]), ["51"]);
}

#[tokio::test]
async fn batch_archives_ignore_unknown_ids() {
    let (hubspot, client) = start_predictable().await;
    let body = json!({ "inputs": [{ "id": "51" }, { "id": "999" }] });
    client
        .post(&format!("{CURRENT}/batch/archive"), body)
        .await
        .expect(204);
    assert!(hubspot.contact(51).unwrap().is_archived());
}

#[tokio::test]
async fn batch_updates_work_by_unique_property_not_by_email() {
    let settings = Settings {
        unique_properties: vec!["app_user_id".into()],
        ..Settings::default()
    };
    let (hubspot, client) = start(settings).await;
    let by = |property: &str, id: &str| json!([{ "id": id, "idProperty": property, "properties": { "firstname": "New" } }]);
    let body = batch(&client, "update", by("email", "bh@hubspot.com"))
        .await
        .expect(400);
    let portal_id = hubspot.portal_id();
    let message =
        format!("Unable to perform update/upsert by non-unique 0-1 property email in portal ID {portal_id}");
    assert_eq!(body["message"], message);
    hubspot.edit_contact(51, [("app_user_id", "u-77")]).unwrap();
    batch(&client, "update", by("app_user_id", "u-77"))
        .await
        .expect(200);
    assert_eq!(first_name(&hubspot, "51").as_deref(), Some("New"));
}

#[tokio::test]
async fn upserts_update_existing_contacts_and_create_others() {
    let settings = Settings {
        unique_properties: vec!["app_user_id".into()],
        ..Settings::default()
    };
    let (hubspot, client) = start(settings).await;
    hubspot
        .edit_contact(51, [("app_user_id", "u-1"), ("email", "brian@example.com")])
        .unwrap();
    let input = |property: &str, id: &str| json!({ "id": id, "idProperty": property, "properties": { "firstname": "New" } });
    let inputs = json!([
        input("app_user_id", "u-1"),
        input("email", "new@example.com"),
        input("app_user_id", "u-2")
    ]);
    let body = batch(&client, "upsert", inputs).await.expect(200);
    let is_new = |id: &str| {
        body["results"]
            .as_array()
            .unwrap()
            .iter()
            .find(|result| result["id"] == id)
            .unwrap()["new"]
            .clone()
    };
    assert_eq!(is_new("51"), json!(false));
    let created = hubspot.contact_by_email("new@example.com").unwrap();
    assert_eq!(is_new(&created.id.to_string()), json!(true));
    let body = batch(&client, "upsert", json!([input("email", "bh@hubspot.com")]))
        .await
        .expect(200);
    assert_eq!(
        ids(&body["results"]),
        ["51"],
        "a secondary address leads to the contact that owns it"
    );
}

#[tokio::test]
async fn upserts_need_an_identifying_property() {
    let (hubspot, client) = start_predictable().await;
    let body = batch(&client, "upsert", json!([named("51", "x")]))
        .await
        .expect(404);
    assert_eq!(body["message"], "resource not found");
    let by_name = json!([{ "id": "x", "idProperty": "firstname", "properties": {} }]);
    let body = batch(&client, "upsert", by_name).await.expect(400);
    assert!(
        body["message"]
            .as_str()
            .unwrap()
            .starts_with("Unable to perform update/upsert by non-unique")
    );
    hubspot.set_switches(Switches {
        upsert_by_email: false,
        ..hubspot.switches()
    });
    let by_email = json!([{ "id": "bh@hubspot.com", "idProperty": "email", "properties": {} }]);
    let body = batch(&client, "upsert", by_email).await.expect(400);
    assert_eq!(
        body["message"],
        "Cannot upsert a CONTACT when idProperty is set to email."
    );
}

#[tokio::test]
async fn an_upsert_with_an_address_of_another_contact_conflicts() {
    let settings = Settings {
        unique_properties: vec!["app_user_id".into()],
        ..Settings::default()
    };
    let (hubspot, client) = start(settings).await;
    let input = |id: &str, email: &str| json!({ "id": id, "idProperty": "app_user_id", "properties": { "email": email } });
    let inputs = [input("u-1", "fine@example.com"), input("u-2", "bh@hubspot.com")];
    batch(&client, "upsert", json!(inputs)).await.expect(409);
    assert!(hubspot.contact_by_email("fine@example.com").is_none());
    let [first, second] = inputs;
    let body = batch(
        &client,
        "upsert",
        json!([traced("t-1", first), traced("t-2", second)]),
    )
    .await
    .expect(207);
    assert_eq!(body["errors"][0]["context"]["existingId"], json!(["51"]));
    assert!(hubspot.contact_by_email("fine@example.com").is_some());
}
