//! Properties and values: which are accepted, and with which errors the others are rejected.

use reqwest::Method;
use sandbox::{Sandbox, Settings};
use serde_json::{Value, json};

use crate::client::{CURRENT, Client, first_name, properties, start, start_predictable};

async fn with_typed_properties() -> (Sandbox, Client) {
    let custom_properties = ["birthday:date", "score:number"].map(|text| text.parse().unwrap());
    start(Settings {
        custom_properties: custom_properties.into(),
        ..Settings::default()
    })
    .await
}

#[tokio::test]
async fn a_create_needs_one_of_three_properties() {
    let (_hubspot, client) = start_predictable().await;
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
async fn message_and_errors_name_invalid_properties() {
    let (hubspot, client) = start_predictable().await;
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
async fn each_kind_of_invalid_value_has_its_code() {
    let (_hubspot, client) = with_typed_properties().await;
    for (name, value, code) in [
        ("email", "nope", "INVALID_EMAIL"),
        ("hs_object_id", "7", "READ_ONLY_VALUE"),
        ("createdate", "2026-01-01", "READ_ONLY_VALUE"),
        ("hs_additional_emails", "a@example.com", "READ_ONLY_VALUE"),
        ("lifecyclestage", "nonsense", "INVALID_OPTION"),
        ("hs_buying_role", "CHAMPION;nonsense", "INVALID_OPTION"),
        ("lifecyclestage", "Lead", "INVALID_OPTION"),
        ("hs_buying_role", "CHAMPION; END_USER", "INVALID_OPTION"),
        ("hubspot_owner_id", "nobody", "INVALID_OPTION"),
        ("hubspot_owner_id", "1e5", "INVALID_OPTION"),
        ("hs_language", "Klingon", "INVALID_OPTION"),
        ("score", "1,000", "INVALID_INTEGER"),
        ("numemployees", "7", "INVALID_OPTION"),
        ("birthday", "yesterday", "INVALID_DATE"),
        ("birthday", "1795305600001", "INVALID_DATE"),
        ("birthday", "2026-11-22T10:00:00Z", "INVALID_DATE"),
        ("closedate", "soon", "INVALID_DATE"),
        ("closedate", "2026-11-22T10:00:00", "INVALID_DATE"),
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
async fn valid_values_of_each_kind_are_stored() {
    let (hubspot, client) = with_typed_properties().await;
    let values = json!({
        "birthday": "1795305600000", "closedate": "2026-11-22T12:00:00+02:00", "hs_marketable_until_renewal": true,
        "start_date": "next year", "numemployees": "5-25",
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
        contact.value("birthday").as_deref(),
        Some("2026-11-22"),
        "a date is returned in ISO form"
    );
    assert_eq!(
        contact.value("closedate").as_deref(),
        Some("2026-11-22T10:00:00Z")
    );
    assert_eq!(
        contact.value("start_date").as_deref(),
        Some("next year"),
        "HubSpot's own start date is text"
    );
    assert_eq!(
        contact.value("hs_buying_role").as_deref(),
        Some("CHAMPION;END_USER"),
        "a leading ; appends"
    );
}

#[tokio::test]
async fn an_empty_string_clears_a_value() {
    let (hubspot, client) = start_predictable().await;
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
async fn the_lifecycle_stage_moves_back_only_after_clearing() {
    let (hubspot, client) = start_predictable().await;
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
async fn json_of_the_wrong_shape_is_rejected() {
    let (_hubspot, client) = start_predictable().await;
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
        let response = client
            .raw(Method::PATCH, &format!("{CURRENT}/51"), &headers, body)
            .await
            .expect(400);
        let message = response["message"].as_str().unwrap();
        assert!(
            message.starts_with("Invalid input JSON on line 1, column "),
            "{body}: {message}"
        );
        assert_eq!(response["category"], Value::Null);
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
async fn equal_errors_of_many_inputs_are_listed_once() {
    let (_hubspot, client) = start_predictable().await;
    let bad = |id: &str| json!({ "id": id, "properties": { "x": "1" } });
    let inputs = json!({ "inputs": [bad("1"), bad("51")] });
    let body = client
        .post(&format!("{CURRENT}/batch/update"), inputs)
        .await
        .expect(400);
    assert_eq!(body["errors"].as_array().unwrap().len(), 1);
    assert_eq!(
        body["message"]
            .as_str()
            .unwrap()
            .matches("PROPERTY_DOESNT_EXIST")
            .count(),
        2
    );
}
