//! Searches compare values by the type of their property: numbers, dates, times, text.

use sandbox::{Limits, Sandbox, Settings};
use serde_json::{Value, json};

use crate::client::{CURRENT, Client, predictable_switches, start};

/// Starts a sandbox with contacts whose values a comparison as text would order differently.
async fn people() -> (Sandbox, Client) {
    let custom_properties = ["birthday:date", "score:number"].map(|text| text.parse().unwrap());
    let limits = Limits {
        search_per_second: 10_000,
        ..Limits::default()
    };
    let settings = Settings {
        custom_properties: custom_properties.into(),
        limits,
        switches: predictable_switches(),
        sample_contacts: false,
        ..Settings::default()
    };
    let (hubspot, client) = start(settings).await;
    for (name, score, birthday, closed) in [
        ("nine", "9", "2026-11-22", "2026-11-22T10:00:00Z"),
        ("Ten", "10", "978307200000", "2026-11-22T11:30:00+02:00"),
        ("minus", "-2.50", "1999-12-31", "1795341600001"),
    ] {
        let values = [
            ("firstname", name),
            ("score", score),
            ("birthday", birthday),
            ("closedate", closed),
        ];
        hubspot.create_contact(values).unwrap();
    }
    hubspot.create_contact([("firstname", "without")]).unwrap();
    (hubspot, client)
}

async fn search(client: &Client, body: Value) -> Vec<String> {
    let path = format!("{CURRENT}/search");
    let body = client.post(&path, body).await.expect(200);
    let results = body["results"].as_array().unwrap().iter();
    results
        .map(|result| result["properties"]["firstname"].as_str().unwrap().to_owned())
        .collect()
}

fn filter(filter: &Value) -> Value {
    json!({ "filterGroups": [{ "filters": [filter] }] })
}

#[tokio::test]
async fn filters_compare_values_by_type() {
    let (_hubspot, client) = people().await;
    for (name, operator, operands, expected) in [
        ("score", "GT", json!({"value": "9"}), vec!["Ten"]),
        ("score", "LT", json!({"value": 10}), vec!["nine", "minus"]),
        ("score", "EQ", json!({"value": "-2.5"}), vec!["minus"]),
        ("score", "NEQ", json!({"value": "10.0"}), vec!["nine", "minus"]),
        ("score", "IN", json!({"values": ["09", 10]}), vec!["nine", "Ten"]),
        ("score", "NOT_IN", json!({"values": ["9.0", "-2.5"]}), vec!["Ten"]),
        (
            "score",
            "BETWEEN",
            json!({"value": "2", "highValue": "10"}),
            vec!["nine", "Ten"],
        ),
        ("birthday", "EQ", json!({"value": "2001-01-01"}), vec!["Ten"]),
        ("birthday", "EQ", json!({"value": "978307200000"}), vec!["Ten"]),
        (
            "birthday",
            "GTE",
            json!({"value": "978307200000"}),
            vec!["nine", "Ten"],
        ),
        (
            "birthday",
            "LT",
            json!({"value": "2001-01-01T00:00:00Z"}),
            vec!["minus"],
        ),
        (
            "birthday",
            "IN",
            json!({"values": ["1795305600000"]}),
            vec!["nine"],
        ),
        (
            "birthday",
            "BETWEEN",
            json!({"value": "946598400000", "highValue": "2001-01-01"}),
            vec!["Ten", "minus"],
        ),
        (
            "closedate",
            "LT",
            json!({"value": "2026-11-22T10:00:00Z"}),
            vec!["Ten"],
        ),
        (
            "closedate",
            "EQ",
            json!({"value": "2026-11-22T12:00:00+02:00"}),
            vec!["nine"],
        ),
        (
            "closedate",
            "GT",
            json!({"value": "1795341600000"}),
            vec!["minus"],
        ),
        (
            "closedate",
            "GT",
            json!({"value": "2026-11-22"}),
            vec!["nine", "Ten", "minus"],
        ),
        (
            "createdate",
            "GT",
            json!({"value": "978307200000"}),
            vec!["nine", "Ten", "minus", "without"],
        ),
        ("createdate", "LT", json!({"value": 978_307_200_000_u64}), vec![]),
        (
            "hs_object_id",
            "LTE",
            json!({"value": "00051"}),
            vec!["nine", "Ten"],
        ),
        ("firstname", "EQ", json!({"value": "tEN"}), vec!["Ten"]),
        (
            "firstname",
            "IN",
            json!({"values": ["ten", "nine"]}),
            vec!["nine", "Ten"],
        ),
        ("firstname", "IN", json!({"values": ["Ten"]}), vec![]),
        (
            "firstname",
            "GT",
            json!({"value": "9"}),
            vec!["nine", "Ten", "minus", "without"],
        ),
    ] {
        let mut wanted = operands.clone();
        wanted["propertyName"] = name.into();
        wanted["operator"] = operator.into();
        assert_eq!(search(&client, filter(&wanted)).await, expected, "{wanted}");
    }
}

#[tokio::test]
async fn sorts_compare_values_by_type() {
    let (_hubspot, client) = people().await;
    let text = |sort: Value| Value::from(sort.to_string());
    let by = |name: &str, direction: &str| json!({ "propertyName": name, "direction": direction });
    for (sort, expected) in [
        (json!("score"), ["minus", "nine", "Ten", "without"]),
        (by("score", "DESCENDING"), ["Ten", "nine", "minus", "without"]),
        (
            text(by("score", "DESCENDING")),
            ["Ten", "nine", "minus", "without"],
        ),
        (by("birthday", "ASCENDING"), ["minus", "Ten", "nine", "without"]),
        (by("closedate", "ASCENDING"), ["Ten", "nine", "minus", "without"]),
        (
            json!({ "propertyName": "firstname" }),
            ["minus", "nine", "Ten", "without"],
        ),
    ] {
        assert_eq!(
            search(&client, json!({ "sorts": [sort] })).await,
            expected,
            "{sort}"
        );
    }
    assert_eq!(
        search(&client, json!({})).await,
        ["nine", "Ten", "minus", "without"],
        "without a sort the oldest come first"
    );
}

#[tokio::test]
async fn filters_without_valid_values_are_rejected() {
    let (_hubspot, client) = people().await;
    for wanted in [
        json!({ "propertyName": "nonsense", "operator": "HAS_PROPERTY" }),
        json!({ "propertyName": "score", "operator": "GT", "value": "many" }),
        json!({ "propertyName": "score", "operator": "IN", "values": ["9", "x"] }),
        json!({ "propertyName": "birthday", "operator": "LT", "value": "yesterday" }),
        json!({ "propertyName": "closedate", "operator": "BETWEEN", "value": "2026-01-01", "highValue": "later" }),
        json!({ "propertyName": "closedate", "operator": "BETWEEN", "value": "2026-01-01" }),
        json!({ "propertyName": "firstname", "operator": "EQ" }),
        json!({ "propertyName": "firstname", "operator": "CONTAINS_TOKEN" }),
        json!({ "propertyName": "firstname", "operator": "IN", "value": "x" }),
        json!({ "propertyName": "firstname", "operator": "IN", "values": [] }),
    ] {
        let path = format!("{CURRENT}/search");
        let body = client.post(&path, filter(&wanted)).await.expect(400);
        assert_eq!(body["category"], "VALIDATION_ERROR", "{wanted}");
    }
    let path = format!("{CURRENT}/search");
    client
        .post(&path, json!({ "sorts": ["nonsense"] }))
        .await
        .expect(400);
}
