//! Creating and updating properties through HubSpot's API.

use serde_json::{Value, json};

use super::{PROPERTIES, choice_property, text_property};
use crate::client::{CURRENT, properties, start_predictable};

#[tokio::test]
async fn a_created_property_can_be_written_and_read() {
    let (_hubspot, client) = start_predictable().await;
    let mut body = choice_property("plan", &["free", "team"]);
    body["description"] = "What the user pays for".into();
    let created = client.post(PROPERTIES, body).await.expect(201);
    assert_eq!(
        (&created["name"], &created["description"], &created["archived"]),
        (&json!("plan"), &json!("What the user pays for"), &json!(false))
    );
    assert!(created["createdAt"].is_string());
    assert_eq!(
        client.get(&format!("{PROPERTIES}/plan")).await.expect(200),
        created
    );
    client
        .patch(&format!("{CURRENT}/51"), properties(json!({ "plan": "team" })))
        .await
        .expect(200);
    let read = client
        .get(&format!("{CURRENT}/51?properties=plan"))
        .await
        .expect(200);
    assert_eq!(read["properties"]["plan"], "team");
}

#[tokio::test]
async fn a_label_or_another_case_is_no_option() {
    let (_hubspot, client) = start_predictable().await;
    client
        .post(PROPERTIES, choice_property("plan", &["free", "team"]))
        .await
        .expect(201);
    for value in ["TEAM", "Team", "business", "free;team", ";team"] {
        let body = client
            .patch(&format!("{CURRENT}/51"), properties(json!({ "plan": value })))
            .await
            .expect(400);
        let error = &body["errors"][0];
        assert_eq!(error["code"], "INVALID_OPTION");
        assert_eq!(
            error["message"],
            format!("{value} was not one of the allowed options: [free, team]")
        );
    }
}

#[tokio::test]
async fn missing_members_of_a_create_are_named() {
    let (_hubspot, client) = start_predictable().await;
    let body = client
        .post(PROPERTIES, json!({ "name": "plan", "type": "string" }))
        .await
        .expect(400);
    assert_eq!(
        body["message"],
        "Invalid input JSON on line 1, column 1: Some required fields were not set: [label, fieldType, groupName]"
    );
    assert_eq!(body["category"], Value::Null);
    client.get(&format!("{PROPERTIES}/plan")).await.expect(404);
}

#[tokio::test]
async fn types_and_controls_that_hubspot_does_not_have_are_malformed() {
    let (_hubspot, client) = start_predictable().await;
    for (member, value) in [
        ("type", json!("text")),
        ("type", json!("json")),
        ("fieldType", json!("calculation_equation")),
        ("label", json!(["x"])),
        ("options", json!([{ "value": "a" }])),
    ] {
        let mut body = text_property("plan");
        body[member] = value;
        let body = client.post(PROPERTIES, body).await.expect(400);
        assert!(
            body["message"]
                .as_str()
                .unwrap()
                .starts_with("Invalid input JSON")
        );
    }
}

#[tokio::test]
async fn invalid_definitions_are_rejected() {
    let (_hubspot, client) = start_predictable().await;
    for (member, value) in [
        ("name", json!("Plan")),
        ("name", json!("1plan")),
        ("label", json!("")),
        ("groupName", json!("nothing")),
        ("fieldType", json!("date")),
        ("type", json!("enumeration")),
        ("options", json!([{ "label": "a", "value": "a" }])),
    ] {
        let mut body = text_property("plan");
        body[member] = value.clone();
        let rejected = client.post(PROPERTIES, body).await.expect(400);
        assert_eq!(rejected["category"], "VALIDATION_ERROR", "{member}={value}");
    }
    let mut repeated = choice_property("plan", &["free", "free"]);
    client.post(PROPERTIES, repeated.clone()).await.expect(400);
    repeated["options"] = json!([]);
    client.post(PROPERTIES, repeated).await.expect(400);
}

#[tokio::test]
async fn a_property_of_true_and_false_needs_both_options() {
    let (_hubspot, client) = start_predictable().await;
    let mut body = choice_property("trial", &["true"]);
    body["type"] = "bool".into();
    body["fieldType"] = "booleancheckbox".into();
    client.post(PROPERTIES, body.clone()).await.expect(400);
    body["options"] = choice_property("trial", &["true", "false"])["options"].clone();
    client.post(PROPERTIES, body).await.expect(201);
}

#[tokio::test]
async fn an_existing_name_is_a_conflict() {
    let (_hubspot, client) = start_predictable().await;
    for name in ["plan", "firstname"] {
        if name == "plan" {
            client.post(PROPERTIES, text_property(name)).await.expect(201);
        }
        let body = client.post(PROPERTIES, text_property(name)).await.expect(409);
        assert_eq!(body["category"], "OBJECT_ALREADY_EXISTS");
        assert_eq!(
            body["message"],
            format!("A property named '{name}' already exists.")
        );
    }
}

#[tokio::test]
async fn a_new_unique_property_identifies_contacts() {
    let (hubspot, client) = start_predictable().await;
    let mut body = text_property("app_user_id");
    body["hasUniqueValue"] = true.into();
    client.post(PROPERTIES, body).await.expect(201);
    let write = properties(json!({ "app_user_id": "u-1" }));
    client
        .patch(&format!("{CURRENT}/51"), write.clone())
        .await
        .expect(200);
    let body = client.patch(&format!("{CURRENT}/1"), write).await.expect(400);
    assert_eq!(body["errors"][0]["code"], "CONFLICTING_UNIQUE_VALUE");
    let path = format!("{CURRENT}/u-1?idProperty=app_user_id");
    assert_eq!(client.get(&path).await.expect(200)["id"], "51");
    assert!(hubspot.property("app_user_id").unwrap().has_unique_value);
}

#[tokio::test]
async fn an_update_changes_what_it_names() {
    let (_hubspot, client) = start_predictable().await;
    client
        .post(PROPERTIES, choice_property("plan", &["free", "team"]))
        .await
        .expect(201);
    let path = format!("{PROPERTIES}/plan");
    let updated = client
        .patch(
            &path,
            json!({ "label": "Plan", "name": "other", "hasUniqueValue": true }),
        )
        .await
        .expect(200);
    assert_eq!(
        (&updated["name"], &updated["label"], &updated["hasUniqueValue"]),
        (&json!("plan"), &json!("Plan"), &json!(false)),
        "the name and the uniqueness never change"
    );
    assert_eq!(updated["options"].as_array().unwrap().len(), 2);
    let options = choice_property("plan", &["team", "business"])["options"].clone();
    client
        .patch(&path, json!({ "options": options }))
        .await
        .expect(200);
    let write = async |plan: &str| {
        let body = properties(json!({ "plan": plan }));
        client.patch(&format!("{CURRENT}/51"), body).await.status.as_u16()
    };
    assert_eq!(
        (write("free").await, write("business").await),
        (400, 200),
        "the list of options is replaced"
    );
    client
        .patch(
            &path,
            json!({ "type": "number", "fieldType": "number", "options": [] }),
        )
        .await
        .expect(200);
    assert_eq!((write("business").await, write("5").await), (400, 200));
}

#[tokio::test]
async fn invalid_updates_are_rejected() {
    let (_hubspot, client) = start_predictable().await;
    client
        .post(PROPERTIES, choice_property("plan", &["free"]))
        .await
        .expect(201);
    for (name, body, status) in [
        ("plan", json!({ "type": "number" }), 400),
        ("plan", json!({ "options": [] }), 400),
        ("plan", json!({ "groupName": "nothing" }), 400),
        ("plan", json!({ "type": "colour" }), 400),
        ("firstname", json!({ "label": "Given name" }), 400),
        ("lifecyclestage", json!({ "options": [] }), 400),
        ("nothing", json!({ "label": "x" }), 404),
    ] {
        let path = format!("{PROPERTIES}/{name}");
        client.patch(&path, body).await.expect(status);
    }
}

#[tokio::test]
async fn an_account_has_at_most_ten_unique_properties() {
    let (_hubspot, client) = start_predictable().await;
    for number in 0..=10 {
        let mut body = text_property(&format!("key_{number}"));
        body["hasUniqueValue"] = true.into();
        let expected = if number < 10 { 201 } else { 400 };
        client.post(PROPERTIES, body).await.expect(expected);
    }
}
