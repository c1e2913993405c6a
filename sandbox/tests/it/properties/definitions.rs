//! Reading definitions: the list, one property, batches.

use sandbox::{Settings, Switches};
use serde_json::{Value, json};

use super::{PROPERTIES, text_property};
use crate::client::{Client, start, start_predictable};

async fn names(client: &Client, query: &str) -> Vec<String> {
    let body = client.get(&format!("{PROPERTIES}{query}")).await.expect(200);
    assert!(body.get("paging").is_none(), "the list has no pages");
    let results = body["results"].as_array().unwrap().iter();
    results
        .map(|result| result["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn every_version_and_both_names_of_contacts_serve_definitions() {
    let (_hubspot, client) = start_predictable().await;
    let mut bodies = Vec::new();
    for base in [
        "/crm/v3/properties",
        "/crm/properties/2026-03",
        "/crm/properties/2026-09",
    ] {
        for object_type in ["contacts", "0-1"] {
            let path = format!("{base}/{object_type}");
            bodies.push(client.get(&path).await.expect(200));
            client.get(&format!("{path}/email")).await.expect(200);
        }
        client.get(&format!("{base}/companies")).await.expect(404);
    }
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn hubspots_own_properties_have_their_real_types() {
    let (_hubspot, client) = start_predictable().await;
    for (name, value_type, field_type) in [
        ("email", "string", "text"),
        ("firstname", "string", "text"),
        ("phone", "string", "phonenumber"),
        ("annualrevenue", "string", "text"),
        ("start_date", "string", "text"),
        ("date_of_birth", "string", "text"),
        ("closedate", "datetime", "date"),
        ("numemployees", "enumeration", "select"),
        ("hs_language", "enumeration", "select"),
        ("lifecyclestage", "enumeration", "radio"),
        ("hs_buying_role", "enumeration", "checkbox"),
        ("hs_marketable_until_renewal", "bool", "booleancheckbox"),
        ("hs_object_id", "number", "number"),
    ] {
        let definition = client.get(&format!("{PROPERTIES}/{name}")).await.expect(200);
        assert_eq!(
            (&definition["type"], &definition["fieldType"]),
            (&json!(value_type), &json!(field_type)),
            "{name}"
        );
        assert_eq!(definition["hubspotDefined"], true);
        assert_eq!(definition["modificationMetadata"]["archivable"], false);
        assert_eq!(definition["modificationMetadata"]["readOnlyDefinition"], true);
    }
}

#[tokio::test]
async fn a_definition_lists_its_options_with_their_labels() {
    let (_hubspot, client) = start_predictable().await;
    let definition = client
        .get(&format!("{PROPERTIES}/lifecyclestage"))
        .await
        .expect(200);
    let expected = json!({
        "label": "Marketing Qualified Lead", "value": "marketingqualifiedlead", "hidden": false, "displayOrder": 2,
    });
    assert_eq!(definition["options"][2], expected);
    assert_eq!(definition["options"].as_array().unwrap().len(), 8);
}

#[tokio::test]
async fn external_options_are_not_listed() {
    let (_hubspot, client) = start_predictable().await;
    let owner = client
        .get(&format!("{PROPERTIES}/hubspot_owner_id"))
        .await
        .expect(200);
    assert_eq!(
        (
            &owner["type"],
            &owner["externalOptions"],
            &owner["options"],
            &owner["referencedObjectType"]
        ),
        (&json!("enumeration"), &json!(true), &json!([]), &json!("OWNER"))
    );
}

#[tokio::test]
async fn computed_properties_are_read_only_although_they_are_not_calculated() {
    let (_hubspot, client) = start_predictable().await;
    let deals = client
        .get(&format!("{PROPERTIES}/num_associated_deals"))
        .await
        .expect(200);
    assert_eq!(deals["fieldType"], "calculation_rollup");
    assert_eq!(deals["calculated"], false);
    assert_eq!(deals["modificationMetadata"]["readOnlyValue"], true);
}

#[tokio::test]
async fn custom_properties_of_every_form_are_defined() {
    let custom_properties = [
        "nickname",
        "seats:number",
        "birthday:date",
        "last_login:datetime",
        "trial:bool",
        "mobile:phone_number",
        "plan:choice(free|team)",
        "tags:choices(a|b)",
    ];
    let settings = Settings {
        custom_properties: custom_properties.map(|text| text.parse().unwrap()).into(),
        unique_properties: vec!["app_user_id".into()],
        ..Settings::default()
    };
    let (_hubspot, client) = start(settings).await;
    for (name, value_type, field_type, options) in [
        ("nickname", "string", "text", json!([])),
        ("seats", "number", "number", json!([])),
        ("birthday", "date", "date", json!([])),
        ("last_login", "datetime", "date", json!([])),
        ("trial", "bool", "booleancheckbox", json!(["true", "false"])),
        ("mobile", "phone_number", "phonenumber", json!([])),
        ("plan", "enumeration", "select", json!(["free", "team"])),
        ("tags", "enumeration", "checkbox", json!(["a", "b"])),
        ("app_user_id", "string", "text", json!([])),
    ] {
        let definition = client.get(&format!("{PROPERTIES}/{name}")).await.expect(200);
        let values: Vec<Value> = definition["options"]
            .as_array()
            .unwrap()
            .iter()
            .map(|option| option["value"].clone())
            .collect();
        assert_eq!(
            (&definition["type"], &definition["fieldType"], Value::from(values)),
            (&json!(value_type), &json!(field_type), options),
            "{name}"
        );
        assert_eq!(definition["hasUniqueValue"], name == "app_user_id");
        assert!(definition.get("hubspotDefined").is_none());
        assert_eq!(definition["modificationMetadata"]["archivable"], true);
    }
}

#[tokio::test]
async fn sensitive_properties_are_left_out_unless_asked_for() {
    let (_hubspot, client) = start_predictable().await;
    let mut body = text_property("diagnosis");
    body["dataSensitivity"] = "sensitive".into();
    client.post(PROPERTIES, body).await.expect(201);
    assert!(!names(&client, "").await.contains(&"diagnosis".to_owned()));
    assert_eq!(names(&client, "?dataSensitivity=sensitive").await, ["diagnosis"]);
    assert!(
        names(&client, "?dataSensitivity=highly_sensitive")
            .await
            .is_empty()
    );
    let path = format!("{PROPERTIES}/diagnosis");
    client.get(&path).await.expect(404);
    client
        .get(&format!("{path}?dataSensitivity=sensitive"))
        .await
        .expect(200);
    client
        .get(&format!("{PROPERTIES}?dataSensitivity=secret"))
        .await
        .expect(400);
}

#[tokio::test]
async fn the_unknown_property_of_the_switch_is_nowhere() {
    let (hubspot, client) = start_predictable().await;
    hubspot.set_switches(Switches {
        unknown_property: Some("firstname".into()),
        ..hubspot.switches()
    });
    assert!(!names(&client, "").await.contains(&"firstname".to_owned()));
    client.get(&format!("{PROPERTIES}/firstname")).await.expect(404);
    let brian = client
        .get("/crm/objects/2026-09/contacts/51?properties=firstname,lastname")
        .await
        .expect(200);
    assert!(brian["properties"].get("firstname").is_none());
    assert_eq!(brian["properties"]["lastname"], "Halligan (Sample Contact)");
    let filter = json!({ "propertyName": "firstname", "operator": "HAS_PROPERTY" });
    let search = json!({ "filterGroups": [{ "filters": [filter] }] });
    client
        .post("/crm/objects/2026-09/contacts/search", search)
        .await
        .expect(400);
}

#[tokio::test]
async fn the_read_only_property_of_the_switch_says_so() {
    let (hubspot, client) = start_predictable().await;
    hubspot.set_switches(Switches {
        read_only_property: Some("firstname".into()),
        ..hubspot.switches()
    });
    let list = client.get(PROPERTIES).await.expect(200);
    for definition in list["results"].as_array().unwrap() {
        if definition["name"] == "firstname" {
            assert_eq!(definition["modificationMetadata"]["readOnlyValue"], true);
        }
    }
}

#[tokio::test]
async fn a_batch_read_names_missing_properties() {
    let (_hubspot, client) = start_predictable().await;
    let path = format!("{PROPERTIES}/batch/read");
    let named = |names: &[&str]| {
        let inputs: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
        json!({ "archived": false, "inputs": inputs })
    };
    let body = client
        .post(&path, named(&["email", "firstname"]))
        .await
        .expect(200);
    assert_eq!(body["results"].as_array().unwrap().len(), 2);
    assert!(body.get("errors").is_none());
    let body = client
        .post(&path, named(&["email", "nothing", "nowhere"]))
        .await
        .expect(207);
    assert_eq!(body["results"][0]["name"], "email");
    assert_eq!(body["errors"][0]["category"], "OBJECT_NOT_FOUND");
    assert_eq!(
        body["errors"][0]["context"]["name"],
        json!(["nothing", "nowhere"])
    );
    let many = vec!["email"; 101];
    client.post(&path, named(&many)).await.expect(400);
}

#[tokio::test]
async fn reads_and_writes_of_definitions_need_scopes() {
    let (hubspot, client) = start_predictable().await;
    let lack = |scopes: &[&str]| {
        hubspot.set_switches(Switches {
            missing_scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            ..hubspot.switches()
        });
    };
    lack(&["crm.objects.contacts.read", "crm.objects.contacts.write"]);
    client.get(PROPERTIES).await.expect(200);
    client
        .post(PROPERTIES, text_property("nickname"))
        .await
        .expect(201);
    lack(&["crm.schemas.contacts.read"]);
    client.get(PROPERTIES).await.expect(200);
    lack(&["crm.objects.contacts.read", "crm.schemas.contacts.read"]);
    let body = client.get(PROPERTIES).await.expect(403);
    assert_eq!(
        body["errors"][0]["context"]["requiredGranularScopes"],
        json!(["crm.objects.contacts.read", "crm.schemas.contacts.read"])
    );
    client
        .get("/crm/property-validations/2026-09/0-1")
        .await
        .expect(403);
    lack(&["crm.schemas.contacts.write"]);
    let batch = json!({ "inputs": [{ "name": "email" }] });
    client
        .post(&format!("{PROPERTIES}/batch/read"), batch)
        .await
        .expect(200);
    let one = format!("{PROPERTIES}/nickname");
    for body in [
        client.post(PROPERTIES, text_property("other")).await.expect(403),
        client.patch(&one, json!({ "label": "New" })).await.expect(403),
        client.delete(&one).await.expect(403),
    ] {
        assert_eq!(
            body["errors"][0]["context"]["requiredGranularScopes"],
            json!(["crm.schemas.contacts.write"])
        );
    }
}
