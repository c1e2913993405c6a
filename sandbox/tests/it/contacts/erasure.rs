//! Contacts erased for privacy, and every call that could write their addresses again.

use sandbox::{Sandbox, Settings, Switches};
use serde_json::{Value, json};

use crate::client::{CURRENT, Client, add, batch, new, properties, start, traced};

/// Starts a sandbox in which a contact with a primary and two secondary addresses was erased.
async fn erased(switches: Switches) -> (Sandbox, Client) {
    let switches = Switches {
        search_lag_ms: 0,
        additional_emails_writable: true,
        ..switches
    };
    let settings = Settings {
        switches,
        unique_properties: vec!["app_user_id".into()],
        ..Settings::default()
    };
    let (hubspot, client) = start(settings).await;
    let id = add(&hubspot, "first@example.com");
    hubspot
        .edit_contact(&id, [("email", "second@example.com")])
        .unwrap();
    hubspot
        .edit_contact(&id, [("email", "third@example.com")])
        .unwrap();
    let body = json!({ "objectId": id });
    client
        .post(&format!("{CURRENT}/gdpr-delete"), body)
        .await
        .expect(204);
    (hubspot, client)
}

const ADDRESSES: [&str; 3] = ["First@Example.com", "second@example.com", " third@example.com "];

/// Every call that could write an address: method, path and body.
fn writes_of_address(address: &str) -> Vec<(&'static str, String, Value)> {
    let properties = json!({ "email": address });
    let upsert = |id: &str, id_property: &str, properties: &Value| json!({ "inputs": [{ "id": id, "idProperty": id_property, "properties": properties }] });
    let at = |path: &str| format!("{CURRENT}{path}");
    vec![
        ("POST", at(""), json!({ "properties": properties })),
        (
            "POST",
            at(""),
            json!({ "properties": { "firstname": "x", "hs_additional_emails": address } }),
        ),
        (
            "POST",
            at("/batch/create"),
            json!({ "inputs": [{ "properties": properties }] }),
        ),
        ("PATCH", at("/51"), json!({ "properties": properties })),
        (
            "PATCH",
            at("/bh%40hubspot.com?idProperty=email"),
            json!({ "properties": properties }),
        ),
        (
            "PATCH",
            at("/51"),
            json!({ "properties": { "hs_additional_emails": format!("a@example.com;{address}") } }),
        ),
        (
            "POST",
            at("/batch/update"),
            json!({ "inputs": [{ "id": "51", "properties": properties }] }),
        ),
        ("POST", at("/batch/upsert"), upsert(address, "email", &json!({}))),
        (
            "POST",
            at("/batch/upsert"),
            upsert("u-1", "app_user_id", &properties),
        ),
        (
            "POST",
            at("/batch/upsert"),
            upsert("bh@hubspot.com", "email", &properties),
        ),
    ]
}

async fn call(client: &Client, (method, path, body): &(&str, String, Value)) -> crate::client::Response {
    match *method {
        "POST" => client.post(path, body.clone()).await,
        _ => client.patch(path, body.clone()).await,
    }
}

#[tokio::test]
async fn every_write_of_an_erased_address_is_rejected() {
    let (hubspot, client) = erased(Switches::default()).await;
    let before = hubspot.contacts();
    for address in ADDRESSES {
        for way in writes_of_address(address) {
            let body = call(&client, &way).await.expect(400);
            assert_eq!(body["category"], "VALIDATION_ERROR", "{way:?}");
            assert_eq!(body["errors"][0]["code"], "BLOCKED_EMAIL", "{way:?}");
        }
        assert!(hubspot.create_contact([("email", address)]).is_err());
    }
    assert_eq!(hubspot.contacts(), before);
}

#[tokio::test]
async fn a_batch_with_trace_ids_writes_the_other_inputs() {
    let (hubspot, client) = erased(Switches::default()).await;
    let inputs = json!([
        traced("t-1", new("second@example.com")),
        traced("t-2", new("fine@example.com"))
    ]);
    let body = batch(&client, "create", inputs).await.expect(207);
    assert_eq!(body["errors"][0]["context"]["objectWriteTraceId"], json!(["t-1"]));
    assert!(hubspot.contact_by_email("fine@example.com").is_some());
    assert!(hubspot.contact_by_email("second@example.com").is_none());
}

#[tokio::test]
async fn erased_addresses_can_return_through_the_api_by_switch() {
    let switches = Switches {
        erased_email_returns: true,
        ..Switches::default()
    };
    for way in 0..writes_of_address("x").len() {
        let (hubspot, client) = erased(switches.clone()).await;
        assert!(hubspot.create_contact([("email", "second@example.com")]).is_err());
        let response = call(&client, &writes_of_address("second@example.com")[way]).await;
        assert!(response.status.is_success(), "{way}: {}", response.text);
        let back = hubspot.contact_by_email("second@example.com").unwrap();
        let edited = hubspot.edit_contact(back.id, [("email", "second@example.com")]);
        assert!(edited.is_ok(), "the address is no longer blocked");
        assert!(
            hubspot.create_contact([("email", "third@example.com")]).is_err(),
            "the other addresses are still blocked"
        );
    }
}

#[tokio::test]
async fn a_rejected_write_does_not_change_the_block_list() {
    let (hubspot, client) = erased(Switches {
        erased_email_returns: true,
        ..Switches::default()
    })
    .await;
    let inputs = json!([new("second@example.com"), new("bh@hubspot.com")]);
    batch(&client, "create", inputs).await.expect(409);
    assert!(hubspot.create_contact([("email", "second@example.com")]).is_err());
}

#[tokio::test]
async fn erasing_a_merged_contact_blocks_all_its_addresses() {
    let (hubspot, client) = erased(Switches::default()).await;
    let merged = hubspot.merge(51, 1).unwrap();
    assert_eq!(
        merged.emails().collect::<Vec<_>>(),
        ["bh@hubspot.com", "emailmaria@hubspot.com"]
    );
    let body = json!({ "objectId": "EmailMaria@hubspot.com", "idProperty": "email" });
    client
        .post(&format!("{CURRENT}/gdpr-delete"), body)
        .await
        .expect(204);
    assert!(hubspot.contact(merged.id).is_none());
    for address in ["bh@hubspot.com", "emailmaria@hubspot.com"] {
        client
            .post(CURRENT, properties(json!({ "email": address })))
            .await
            .expect(400);
    }
}
