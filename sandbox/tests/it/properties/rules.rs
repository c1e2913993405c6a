//! Validation rules: reading them, and their effect on writes.

use sandbox::{RuleType, Sandbox, ValidationRule};
use serde_json::json;

use crate::client::{CURRENT, V3, first_name, properties, start_predictable};

fn set(hubspot: &Sandbox, property: &str, rule: ValidationRule) {
    hubspot.set_validation_rules(property, [rule]).unwrap();
}

#[tokio::test]
async fn rules_are_read_in_every_version() {
    let (hubspot, client) = start_predictable().await;
    set(
        &hubspot,
        "firstname",
        ValidationRule::new(RuleType::Format, ["TITLE_CASE"]).with_normalization(),
    );
    set(&hubspot, "city", ValidationRule::new(RuleType::MaxLength, ["20"]));
    let city = json!([{ "ruleType": "MAX_LENGTH", "ruleArguments": ["20"] }]);
    let first_name = json!([
        { "ruleType": "FORMAT", "ruleArguments": ["TITLE_CASE"], "shouldApplyNormalization": true },
    ]);
    for base in [
        "/crm/v3/property-validations/0-1",
        "/crm/property-validations/v3/0-1",
        "/crm/property-validations/2026-03/0-1",
        "/crm/property-validations/2026-09/0-1",
    ] {
        let list = client.get(base).await.expect(200);
        let expected = json!({ "results": [
            { "propertyName": "city", "propertyValidationRules": city },
            { "propertyName": "firstname", "propertyValidationRules": first_name },
        ] });
        assert_eq!(list, expected);
        let one = client.get(&format!("{base}/city")).await.expect(200);
        assert_eq!(one, json!({ "results": city }));
        let none = client.get(&format!("{base}/lastname")).await.expect(200);
        assert_eq!(none, json!({ "results": [] }));
        client.get(&format!("{base}/nothing")).await.expect(404);
    }
}

#[tokio::test]
async fn a_value_that_breaks_a_rule_is_rejected_in_every_version() {
    let (hubspot, client) = start_predictable().await;
    set(
        &hubspot,
        "firstname",
        ValidationRule::new(RuleType::Regex, ["[A-Za-z]+"]),
    );
    for base in [CURRENT, V3] {
        let path = format!("{base}/51");
        let body = client
            .patch(&path, properties(json!({ "firstname": "R2-D2" })))
            .await
            .expect(400);
        assert_eq!(body["category"], "VALIDATION_ERROR");
        let error = &body["errors"][0];
        assert_eq!(
            (&error["code"], &error["context"]["propertyName"]),
            (&json!("PROPERTY_VALIDATION_RULE"), &json!(["firstname"]))
        );
        for accepted in ["Ada", ""] {
            client
                .patch(&path, properties(json!({ "firstname": accepted })))
                .await
                .expect(200);
        }
    }
}

#[tokio::test]
async fn a_rule_that_normalizes_stores_another_form() {
    let (hubspot, client) = start_predictable().await;
    set(
        &hubspot,
        "firstname",
        ValidationRule::new(RuleType::Format, ["TITLE_CASE"]).with_normalization(),
    );
    let written = client
        .patch(
            &format!("{CURRENT}/51"),
            properties(json!({ "firstname": "ada LOVELACE" })),
        )
        .await
        .expect(200);
    assert_eq!(written["properties"]["firstname"], "Ada Lovelace");
    assert_eq!(first_name(&hubspot, "51").as_deref(), Some("Ada Lovelace"));
    let writes = hubspot.writes_of(51);
    assert_eq!(
        writes.last().unwrap().properties["firstname"],
        "ada LOVELACE",
        "the record has the value as it was written"
    );
}

#[tokio::test]
async fn a_broken_rule_rejects_only_its_input_of_a_batch() {
    let (hubspot, client) = start_predictable().await;
    set(
        &hubspot,
        "email",
        ValidationRule::new(RuleType::EmailAllowedDomains, ["example.com"]),
    );
    let input = |id: &str, email: &str, trace: &str| json!({ "id": id, "properties": { "email": email }, "objectWriteTraceId": trace });
    let inputs = [
        input("51", "ada@example.com", "t-1"),
        input("1", "grace@example.org", "t-2"),
    ];
    let body = client
        .post(&format!("{CURRENT}/batch/update"), json!({ "inputs": inputs }))
        .await
        .expect(207);
    assert_eq!(body["results"][0]["id"], "51");
    assert_eq!(body["errors"][0]["context"]["objectWriteTraceId"], json!(["t-2"]));
}

#[tokio::test]
async fn rules_are_set_through_the_controls() {
    let (hubspot, client) = start_predictable().await;
    hubspot
        .add_property("seats:number".parse::<sandbox::CustomProperty>().unwrap())
        .unwrap();
    let path = "/_sandbox/properties/seats/rules";
    let rules = json!([
        { "ruleType": "MIN_NUMBER", "ruleArguments": ["1"] },
        { "ruleType": "MAX_NUMBER", "ruleArguments": ["10"] },
    ]);
    let definition = client.put(path, rules.clone()).await.expect(200);
    assert_eq!(definition["validationRules"][1]["ruleType"], "MAX_NUMBER");
    let write = async |seats: &str| {
        let body = properties(json!({ "seats": seats }));
        client.patch(&format!("{CURRENT}/51"), body).await.status.as_u16()
    };
    assert_eq!(
        (write("0.5").await, write("5").await, write("11").await),
        (400, 200, 400)
    );
    for unusable in [
        json!([{ "ruleType": "MIN_LENGTH", "ruleArguments": ["1"] }]),
        json!([{ "ruleType": "MIN_NUMBER", "ruleArguments": ["one"] }]),
        json!([{ "ruleType": "MAX_NUMBER", "ruleArguments": ["1"], "shouldApplyNormalization": true }]),
    ] {
        assert_eq!(
            client.put(path, unusable).await.expect(400)["category"],
            "VALIDATION_ERROR"
        );
    }
    client.put(path, json!([])).await.expect(200);
    assert_eq!(write("11").await, 200);
}
