//! Properties that differ between accounts, and the rules of an admin.

use sandbox::{Settings, Switches};
use serde_json::json;

use crate::client::{CURRENT, V3, properties, start, start_predictable};

#[tokio::test]
async fn admin_rules_apply_from_2026_09_on() {
    let (hubspot, client) = start_predictable().await;
    hubspot.set_switches(Switches {
        rejected_property: Some("firstname".into()),
        ..hubspot.switches()
    });
    let body = properties(json!({"firstname": "x"}));
    for base in ["/crm/objects/2026-09/contacts", "/crm/objects/2026-09/0-1"] {
        assert_eq!(
            client
                .patch(&format!("{base}/51"), body.clone())
                .await
                .expect(400)["category"],
            "VALIDATION_ERROR"
        );
    }
    for base in [V3, "/crm/objects/2026-03/contacts"] {
        client
            .patch(&format!("{base}/51"), body.clone())
            .await
            .expect(200);
    }
    let required_property = Some("phone".to_owned());
    hubspot.set_switches(Switches {
        required_property,
        rejected_property: None,
        ..hubspot.switches()
    });
    client
        .patch(&format!("{CURRENT}/51"), body.clone())
        .await
        .expect(400);
    client.post(CURRENT, body.clone()).await.expect(400);
    client.post(V3, body).await.expect(201);
    client
        .patch(
            &format!("{CURRENT}/51"),
            properties(json!({"phone": "1", "firstname": "x"})),
        )
        .await
        .expect(200);
}

#[tokio::test]
async fn switches_make_a_property_unknown_or_read_only() {
    let (hubspot, client) = start_predictable().await;
    for (unknown, read_only, code) in [
        (Some("phone"), None, "PROPERTY_DOESNT_EXIST"),
        (None, Some("phone"), "READ_ONLY_VALUE"),
    ] {
        hubspot.set_switches(Switches {
            unknown_property: unknown.map(str::to_owned),
            read_only_property: read_only.map(str::to_owned),
            ..hubspot.switches()
        });
        let body = properties(json!({"phone": "1"}));
        let rejected = client.patch(&format!("{CURRENT}/51"), body).await.expect(400);
        assert_eq!(rejected["errors"][0]["code"], code);
        let body = properties(json!({"firstname": "x"}));
        client.patch(&format!("{CURRENT}/51"), body).await.expect(200);
    }
}

#[tokio::test]
async fn custom_properties_can_be_written() {
    let settings = Settings {
        custom_properties: vec!["favourite_colour".into()],
        ..Settings::default()
    };
    let (hubspot, client) = start(settings).await;
    client
        .patch(
            &format!("{CURRENT}/51"),
            properties(json!({"favourite_colour": "red"})),
        )
        .await
        .expect(200);
    assert_eq!(
        hubspot.contact(51).unwrap().value("favourite_colour").as_deref(),
        Some("red")
    );
}

#[tokio::test]
async fn a_definition_says_whether_a_property_can_be_written() {
    let (hubspot, client) = start_predictable().await;
    let paths = [
        "/crm/v3/properties/contacts",
        "/crm/properties/2026-03/contacts",
        "/crm/properties/2026-09/contacts",
    ];
    for path in paths {
        let read = async |name: &str| client.get(&format!("{path}/{name}")).await;
        let definition = read("firstname").await.expect(200);
        assert_eq!(definition["type"], "string");
        assert_eq!(definition["modificationMetadata"]["readOnlyValue"], false);
        let definition = read("createdate").await.expect(200);
        assert_eq!(definition["modificationMetadata"]["readOnlyValue"], true);
        assert_eq!(read("nothing").await.expect(404)["category"], "OBJECT_NOT_FOUND");
    }
    hubspot.set_switches(Switches {
        read_only_property: Some("firstname".into()),
        unknown_property: Some("lastname".into()),
        ..hubspot.switches()
    });
    let definition = client.get(&format!("{}/firstname", paths[2])).await.expect(200);
    assert_eq!(definition["modificationMetadata"]["readOnlyValue"], true);
    client.get(&format!("{}/lastname", paths[2])).await.expect(404);
}
