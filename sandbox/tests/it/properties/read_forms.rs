//! The forms in which values read back, which switches decide.

use sandbox::{
    BackwardStage, ChoicesForm, CustomProperty, DateTimeForm, NumberForm, Sandbox, Settings, Switches,
};
use serde_json::{Value, json};

use crate::client::{CURRENT, Client, predictable_switches, properties, start, start_predictable};

const BRIAN: &str = "/crm/objects/2026-09/contacts/51";

async fn with_typed_properties() -> (Sandbox, Client) {
    start(Settings {
        custom_properties: vec![
            CustomProperty::number("seats"),
            CustomProperty::datetime("last_login"),
            CustomProperty::choices("tags", ["a", "b", "c"]),
        ],
        switches: predictable_switches(),
        ..Settings::default()
    })
    .await
}

/// Writes values, and returns them as the write, a read and a search show them, which must be the same.
async fn read_back(client: &Client, values: Value) -> Value {
    let names: Vec<&String> = values.as_object().unwrap().keys().collect();
    let shown = |contact: &Value| -> Value {
        names
            .iter()
            .map(|name| ((*name).clone(), contact["properties"][name.as_str()].clone()))
            .collect()
    };
    let written = client.patch(BRIAN, properties(values.clone())).await.expect(200);
    let list = names
        .iter()
        .map(|name| name.as_str())
        .collect::<Vec<_>>()
        .join(",");
    let path = format!("{BRIAN}?properties={list}&propertiesWithHistory={list}");
    let read = client.get(&path).await.expect(200);
    let search = json!({ "properties": names, "filterGroups": [{ "filters": [
        { "propertyName": "hs_object_id", "operator": "EQ", "value": "51" },
    ] }] });
    let found = client
        .post(&format!("{CURRENT}/search"), search)
        .await
        .expect(200);
    assert_eq!(shown(&read), shown(&written));
    assert_eq!(shown(&found["results"][0]), shown(&written));
    for name in &names {
        assert_eq!(
            read["propertiesWithHistory"][name.as_str()][0]["value"],
            written["properties"][name.as_str()]
        );
    }
    shown(&written)
}

#[tokio::test]
async fn by_default_values_read_back_in_a_form_of_their_own() {
    let (hubspot, client) = with_typed_properties().await;
    let values = json!({ "seats": "5.0", "last_login": "1795341600000", "tags": "c;a" });
    assert_eq!(
        read_back(&client, values).await,
        json!({ "seats": "5", "last_login": "2026-11-22T10:00:00Z", "tags": "a;c" })
    );
    let stored = hubspot.contact(51).unwrap();
    assert_eq!(stored.value("seats").as_deref(), Some("5.0"));
    assert_eq!(stored.value("tags").as_deref(), Some("c;a"));
}

#[tokio::test]
async fn switches_change_the_forms_of_numbers_datetimes_and_several_options() {
    let (hubspot, client) = with_typed_properties().await;
    hubspot.set_switches(Switches {
        number_form: NumberForm::AsWritten,
        datetime_form: DateTimeForm::Milliseconds,
        choices_form: ChoicesForm::AsWritten,
        ..hubspot.switches()
    });
    let values = json!({ "seats": "5.0", "last_login": "2026-11-22T10:00:00Z", "tags": "c;a" });
    assert_eq!(
        read_back(&client, values).await,
        json!({ "seats": "5.0", "last_login": "1795341600000", "tags": "c;a" })
    );
    hubspot.set_switches(Switches {
        datetime_form: DateTimeForm::IsoMilliseconds,
        ..hubspot.switches()
    });
    let read = client
        .get(&format!("{BRIAN}?properties=last_login,createdate"))
        .await
        .expect(200);
    assert_eq!(read["properties"]["last_login"], "2026-11-22T10:00:00.000Z");
    let create_date = read["properties"]["createdate"].as_str().unwrap();
    assert!(create_date.ends_with('Z'), "{create_date}");
}

#[tokio::test]
async fn appended_options_read_back_without_the_leading_semicolon() {
    let (hubspot, client) = with_typed_properties().await;
    hubspot.set_switches(Switches {
        choices_form: ChoicesForm::AsWritten,
        ..hubspot.switches()
    });
    for (written, shown) in [
        (";b", json!("b")),
        (";c;b;a", json!("b;c;a")),
        ("a", json!("a")),
        ("", Value::Null),
        (";", Value::Null),
    ] {
        let read = read_back_tags(&client, written).await;
        assert_eq!(read, shown, "{written}");
    }
}

async fn read_back_tags(client: &Client, written: &str) -> Value {
    client
        .patch(BRIAN, properties(json!({ "tags": written })))
        .await
        .expect(200);
    let read = client.get(&format!("{BRIAN}?properties=tags")).await.expect(200);
    read["properties"]["tags"].clone()
}

#[tokio::test]
async fn a_backward_lifecycle_stage_is_kept_or_rejected() {
    let (hubspot, client) = start_predictable().await;
    let write = async |stage: &str| {
        let body = properties(json!({ "lifecyclestage": stage }));
        client.patch(BRIAN, body).await
    };
    write("customer").await.expect(200);
    let kept = write("lead").await.expect(200);
    assert_eq!(kept["properties"]["lifecyclestage"], "customer");
    hubspot.set_switches(Switches {
        backward_stage: BackwardStage::Rejected,
        ..hubspot.switches()
    });
    let body = write("lead").await.expect(400);
    assert_eq!(
        (&body["category"], &body["errors"][0]["context"]["propertyName"]),
        (&json!("VALIDATION_ERROR"), &json!(["lifecyclestage"]))
    );
    write("customer").await.expect(200);
    write("evangelist").await.expect(200);
    write("").await.expect(200);
    write("lead").await.expect(200);
}

#[tokio::test]
async fn a_backward_stage_rejects_only_its_input_of_a_batch() {
    let (hubspot, client) = start_predictable().await;
    hubspot
        .edit_contact(51, [("lifecyclestage", "customer")])
        .unwrap();
    hubspot.set_switches(Switches {
        backward_stage: BackwardStage::Rejected,
        ..hubspot.switches()
    });
    let input = |id: &str, trace: &str| json!({ "id": id, "properties": { "lifecyclestage": "lead" }, "objectWriteTraceId": trace });
    let body = json!({ "inputs": [input("51", "t-1"), input("1", "t-2")] });
    let body = client
        .post(&format!("{CURRENT}/batch/update"), body)
        .await
        .expect(207);
    assert_eq!(body["results"][0]["id"], "1");
    assert_eq!(body["errors"][0]["context"]["objectWriteTraceId"], json!(["t-1"]));
}
