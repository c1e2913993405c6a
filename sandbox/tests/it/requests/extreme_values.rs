//! Extreme numbers, ids and sizes: each is rejected with HubSpot's error body, and none changes anything.

use reqwest::Method;
use serde_json::json;

use crate::{
    client::{V3, new, traced},
    requests::malformed_bodies::{JSON, TOKEN, assert_rejected, start_without_limits},
};

#[tokio::test]
async fn invalid_limits_and_offsets_are_rejected() {
    let (_hubspot, client) = start_without_limits().await;
    for query in [
        "limit=0",
        "limit=-1",
        "limit=101",
        "limit=1e1",
        "limit=10.0",
        "limit=",
        "limit=99999999999999999999",
        "limit=%20",
        "after=-1",
        "after=x",
        "after=99999999999999999999",
        "limit=\u{661}",
    ] {
        assert_rejected(&client.get(&format!("{V3}?{query}")).await, query);
    }
    let page = client
        .get(&format!("{V3}?after=18446744073709551615"))
        .await
        .expect(200);
    assert_eq!(page, json!({ "results": [] }));
    for search in [
        json!({ "limit": -1 }),
        json!({ "limit": 201 }),
        json!({ "limit": 1e30 }),
        json!({ "limit": "many" }),
        json!({ "after": -1 }),
        json!({ "after": "-1" }),
        json!({ "after": u64::MAX }),
        json!({ "after": "99999999999999999999999" }),
        json!({ "after": {} }),
    ] {
        assert_rejected(
            &client.post(&format!("{V3}/search"), search.clone()).await,
            &search.to_string(),
        );
    }
}

#[tokio::test]
async fn only_digits_are_record_ids() {
    let (hubspot, client) = start_without_limits().await;
    for id in ["51", "%35%31", "0051"] {
        assert_eq!(
            client.get(&format!("{V3}/{id}")).await.expect(200)["id"],
            "51",
            "{id}"
        );
    }
    for id in [
        "%2051",
        "51%20",
        "+51",
        "-51",
        "5%001",
        "5.1",
        "%D9%A5%D9%A1",
        "51%2F",
        "99999999999999999999999",
        "%ff",
        "%00",
        "null",
    ] {
        let path = format!("{V3}/{id}");
        assert_rejected(&client.get(&path).await, id);
        assert_rejected(
            &client
                .patch(&path, json!({ "properties": { "firstname": "x" } }))
                .await,
            id,
        );
        let read = client
            .post(
                &format!("{V3}/batch/read"),
                json!({ "inputs": [{ "id": " 51" }, { "id": "+51" }] }),
            )
            .await;
        assert_eq!(read.expect(207)["results"], json!([]));
    }
    assert_eq!(
        hubspot.contact(51).unwrap().value("firstname").as_deref(),
        Some("Brian")
    );
}

#[tokio::test]
async fn equal_ids_in_different_forms_are_repeated_ids() {
    let (hubspot, client) = start_without_limits().await;
    let write = |id: &str, property: Option<&str>| {
        let mut input = json!({ "id": id, "properties": { "firstname": "x" } });
        if let Some(property) = property {
            input["idProperty"] = property.into();
        }
        input
    };
    for (call, inputs) in [
        ("update", [write("51", None), write("051", None)]),
        (
            "upsert",
            [
                write("new@example.com", Some("email")),
                write("NEW@example.com ", Some("email")),
            ],
        ),
        ("archive", [json!({ "id": "51" }), json!({ "id": 51 })]),
        ("read", [json!({ "id": "51" }), json!({ "id": "0051" })]),
    ] {
        let response = client
            .post(&format!("{V3}/batch/{call}"), json!({ "inputs": inputs }))
            .await;
        assert_rejected(&response, call);
        assert!(response.text.contains("Duplicate IDs found"), "{}", response.text);
    }
    assert!(hubspot.contact_by_email("new@example.com").is_none());
    assert_eq!(
        hubspot.contact(51).unwrap().value("firstname").as_deref(),
        Some("Brian")
    );
}

#[tokio::test]
async fn a_repeated_address_in_a_batch_conflicts_without_an_id() {
    let (hubspot, client) = start_without_limits().await;
    let before = hubspot.contacts();
    let inputs = ["new@example.com", "NEW@example.com"].map(new);
    let path = format!("{V3}/batch/create");
    let body = client.post(&path, json!({ "inputs": inputs })).await.expect(409);
    assert_eq!(body["message"], "Contact already exists");
    assert_eq!(hubspot.contacts(), before);
    let inputs = [
        traced("t-1", new("new@example.com")),
        traced("t-2", new("NEW@example.com")),
    ];
    let body = client.post(&path, json!({ "inputs": inputs })).await.expect(207);
    assert_eq!(
        body["errors"][0]["context"]["existingId"][0],
        body["results"][0]["id"]
    );
}

#[tokio::test]
async fn too_large_a_body_is_read_and_rejected() {
    let (hubspot, client) = start_without_limits().await;
    let body = format!(
        r#"{{"properties":{{"firstname":"{}"}}}}"#,
        "x".repeat(11 * 1024 * 1024)
    );
    let response = client
        .raw(Method::PATCH, &format!("{V3}/51"), &[TOKEN, JSON], &body)
        .await;
    assert_rejected(&response, "huge");
    assert_eq!(response.status, 413);
    assert_eq!(
        hubspot.contact(51).unwrap().value("firstname").as_deref(),
        Some("Brian")
    );
}

#[tokio::test]
async fn controls_say_what_is_invalid() {
    let (_hubspot, client) = start_without_limits().await;
    for path in ["/_sandbox/contacts", "/_sandbox/merge"] {
        assert_rejected(&client.post(path, json!([1])).await, path);
    }
}
