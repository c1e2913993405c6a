//! One contact at a time: values, errors, what answers contain.

use reqwest::Method;
use sandbox::{Settings, Switches, WriteKind};
use serde_json::{Value, json};

use crate::client::{CURRENT, V3, add, calm, first_name, started};

const EVERY_BASE: [&str; 5] = [
    V3,
    "/crm/objects/2026-03/contacts",
    "/crm/objects/2026-03/0-1",
    CURRENT,
    "/crm/objects/2026-09/0-1",
];

fn properties(values: Value) -> Value {
    [("properties", values)].into_iter().collect()
}

#[tokio::test]
async fn a_contact_lives_and_dies_under_every_path() {
    let (_hubspot, client) = calm().await;
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
async fn a_read_shows_the_default_properties_or_the_ones_asked_for() {
    let (hubspot, client) = calm().await;
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
async fn the_answer_to_a_write_shows_only_a_part() {
    let (_hubspot, client) = calm().await;
    let answer = client
        .patch(&format!("{CURRENT}/51"), properties(json!({"phone": "1"})))
        .await
        .expect(200);
    let shown = answer["properties"].as_object().unwrap();
    assert_eq!(shown["phone"], "1");
    assert_eq!(shown["hs_object_id"], "51");
    assert!(!shown.contains_key("email"), "what was not written is not shown");
}

#[tokio::test]
async fn contacts_are_found_by_any_of_their_addresses() {
    let (hubspot, client) = calm().await;
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
    let (_hubspot, client) = calm().await;
    for path in [
        "/999",
        "/nobody%40example.com?idProperty=email",
        "/nobody%40example.com",
        "/text",
    ] {
        let path = format!("{CURRENT}{path}");
        assert_eq!(
            client.get(&path).await.expect(404)["message"],
            "resource not found"
        );
        let body = client
            .patch(&path, properties(json!({"firstname": "x"})))
            .await
            .expect(404);
        assert_eq!(body["category"], "OBJECT_NOT_FOUND");
    }
}

#[tokio::test]
async fn a_property_that_does_not_identify_is_refused_for_lookups() {
    let (hubspot, client) = calm().await;
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
async fn a_create_needs_one_of_three_properties() {
    let (_hubspot, client) = calm().await;
    let body = client
        .post(CURRENT, properties(json!({"phone": "1"})))
        .await
        .expect(400);
    assert_eq!(body["category"], "VALIDATION_ERROR");
    client
        .post(CURRENT, properties(json!({"email": "", "phone": "1"})))
        .await
        .expect(400);
    for name in ["email", "firstname", "lastname"] {
        client
            .post(CURRENT, properties(json!({name: "x@example.com"})))
            .await
            .expect(201);
    }
}

#[tokio::test]
async fn invalid_properties_are_named_in_the_message_and_in_errors() {
    let (hubspot, client) = calm().await;
    let body = client
        .patch(
            &format!("{CURRENT}/51"),
            properties(json!({"x": "1", "firstname": "New"})),
        )
        .await
        .expect(400);
    assert_eq!(body["category"], "VALIDATION_ERROR");
    let portal_id = hubspot.portal_id();
    let message = body["message"].as_str().unwrap();
    let embedded = message.strip_prefix("Property values were not valid: ").unwrap();
    let embedded: Value = serde_json::from_str(embedded).unwrap();
    let expected = json!([{
        "isValid": false, "message": "Property \"x\" does not exist", "error": "PROPERTY_DOESNT_EXIST", "name": "x",
        "localizedErrorMessage": "Property \"x\" does not exist", "portalId": portal_id,
    }]);
    assert_eq!(embedded, expected);
    let error = &body["errors"][0];
    assert_eq!(
        (&error["code"], &error["context"]["propertyName"]),
        (&json!("PROPERTY_DOESNT_EXIST"), &json!(["x"]))
    );
    assert_eq!(
        first_name(&hubspot, "51").as_deref(),
        Some("Brian"),
        "nothing is written"
    );
}

#[tokio::test]
async fn each_kind_of_bad_value_has_its_code() {
    let (_hubspot, client) = calm().await;
    for (name, value, code) in [
        ("email", "nope", "INVALID_EMAIL"),
        ("hs_object_id", "7", "READ_ONLY_VALUE"),
        ("createdate", "2026-01-01", "READ_ONLY_VALUE"),
        ("hs_additional_emails", "a@example.com", "READ_ONLY_VALUE"),
        ("lifecyclestage", "nonsense", "INVALID_OPTION"),
        ("hs_buying_role", "CHAMPION;nonsense", "INVALID_OPTION"),
        ("hubspot_owner_id", "nobody", "INVALID_INTEGER"),
        ("start_date", "yesterday", "INVALID_DATE"),
        ("start_date", "1795305600001", "INVALID_DATE"),
        ("closedate", "soon", "INVALID_DATE"),
        ("hs_marketable_until_renewal", "yes", "INVALID_BOOLEAN"),
    ] {
        let body = client
            .patch(&format!("{CURRENT}/51"), properties(json!({name: value})))
            .await
            .expect(400);
        assert_eq!(body["errors"][0]["code"], code, "{name}={value}");
    }
    let body = client
        .patch(&format!("{CURRENT}/51"), properties(json!({"email": "nope"})))
        .await
        .expect(400);
    assert_eq!(body["errors"][0]["message"], "Email address nope is invalid");
}

#[tokio::test]
async fn good_values_of_each_kind_are_stored() {
    let (hubspot, client) = calm().await;
    let values = json!({
        "start_date": "2026-11-22", "closedate": "2026-11-22T10:00:00Z", "hs_marketable_until_renewal": true,
        "hubspot_owner_id": 12, "hs_buying_role": "CHAMPION",
    });
    client
        .patch(&format!("{CURRENT}/51"), properties(values))
        .await
        .expect(200);
    client
        .patch(
            &format!("{CURRENT}/51"),
            properties(json!({"hs_buying_role": ";END_USER;CHAMPION"})),
        )
        .await
        .expect(200);
    let contact = hubspot.contact(51).unwrap();
    assert_eq!(contact.value("hubspot_owner_id").as_deref(), Some("12"));
    assert_eq!(
        contact.value("hs_buying_role").as_deref(),
        Some("CHAMPION;END_USER"),
        "a leading ; appends"
    );
}

#[tokio::test]
async fn an_empty_string_clears_a_value() {
    let (hubspot, client) = calm().await;
    client
        .patch(&format!("{CURRENT}/51"), properties(json!({"firstname": ""})))
        .await
        .expect(200);
    assert_eq!(first_name(&hubspot, "51"), None);
    assert_eq!(
        client.get(&format!("{CURRENT}/51")).await.expect(200)["properties"]["firstname"],
        Value::Null
    );
}

#[tokio::test]
async fn the_lifecycle_stage_moves_back_only_when_cleared_first() {
    let (hubspot, client) = calm().await;
    let stage = || hubspot.contact(51).unwrap().value("lifecyclestage");
    for (written, expected) in [
        ("customer", Some("customer")),
        ("lead", Some("customer")),
        ("", None),
        ("lead", Some("lead")),
    ] {
        client
            .patch(
                &format!("{CURRENT}/51"),
                properties(json!({"lifecyclestage": written})),
            )
            .await
            .expect(200);
        assert_eq!(stage().as_deref(), expected);
    }
}

#[tokio::test]
async fn json_of_the_wrong_shape_is_refused_without_a_category() {
    let (_hubspot, client) = calm().await;
    for body in [
        "{",
        "{}",
        "[]",
        r#"{"properties": {"firstname": null}}"#,
        r#"{"properties": {"firstname": []}}"#,
    ] {
        let headers = [
            ("authorization", "Bearer sandbox-token"),
            ("content-type", "application/json"),
        ];
        let answer = client
            .raw(Method::PATCH, &format!("{CURRENT}/51"), &headers, body)
            .await
            .expect(400);
        let message = answer["message"].as_str().unwrap();
        assert!(
            message.starts_with("Invalid input JSON on line 1, column "),
            "{body}: {message}"
        );
        assert_eq!(answer["category"], Value::Null);
    }
    let headers = [
        ("authorization", "Bearer sandbox-token"),
        ("content-type", "text/plain"),
    ];
    client
        .raw(
            Method::PATCH,
            &format!("{CURRENT}/51"),
            &headers,
            r#"{"properties": {}}"#,
        )
        .await
        .expect(415);
}

#[tokio::test]
async fn histories_show_values_newest_first_with_their_writer() {
    let (hubspot, client) = calm().await;
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
async fn every_write_is_remembered_with_its_writer_and_values() {
    let (hubspot, client) = calm().await;
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
        .map(|write| (write.kind, write.who.as_str()))
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
}

#[tokio::test]
async fn equal_values_move_the_modification_date_unless_switched_off() {
    let (hubspot, client) = calm().await;
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

#[tokio::test]
async fn admin_rules_hold_from_2026_09_on() {
    let (hubspot, client) = calm().await;
    hubspot.set_switches(Switches {
        refused_property: Some("firstname".into()),
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
        refused_property: None,
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
async fn custom_properties_exist_when_the_account_has_them() {
    let settings = Settings {
        custom_properties: vec!["favourite_colour".into()],
        ..Settings::default()
    };
    let (hubspot, client) = started(settings).await;
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
