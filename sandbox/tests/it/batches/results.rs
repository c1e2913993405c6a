//! The results of batches: every row of the table in the README.

use reqwest::Method;
use sandbox::{ConflictBody, Switches};
use serde_json::{Value, json};

use crate::client::{
    CURRENT, V3, add, batch, first_name, ids, named, new, samples_are_unchanged, start_predictable, traced,
};

#[tokio::test]
async fn a_batch_of_valid_inputs_is_written() {
    let (hubspot, client) = start_predictable().await;
    for base in [V3, CURRENT] {
        let inputs = json!([traced("t-1", named("51", base)), traced("t-2", named("1", base))]);
        let body = client
            .post(&format!("{base}/batch/update"), json!({ "inputs": inputs }))
            .await
            .expect(200);
        assert_eq!(body["status"], "COMPLETE");
        assert_eq!(ids(&body["results"]), ["51", "1"]);
        assert!(body.get("errors").is_none() && body.get("numErrors").is_none());
        for name in ["startedAt", "completedAt", "requestedAt"] {
            assert!(body[name].is_string());
        }
        assert_eq!(first_name(&hubspot, "51").as_deref(), Some(base));
    }
    assert_eq!(
        hubspot.writes_of(1).last().unwrap().trace_id.as_deref(),
        Some("t-2")
    );
    let body = batch(
        &client,
        "create",
        json!([new("a@example.com"), new("b@example.com")]),
    )
    .await
    .expect(201);
    assert_eq!(body["results"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn more_than_a_hundred_inputs_are_rejected() {
    let (hubspot, client) = start_predictable().await;
    let mut inputs: Vec<Value> = (1_000..1_100).map(|id| named(&id.to_string(), "x")).collect();
    batch(&client, "update", json!(inputs)).await.expect(207);
    inputs.push(named("51", "x"));
    let message = "The maximum number of inputs supported in a batch is 100. Please reduce the number of items and try again";
    for call in ["update", "read", "archive"] {
        let body = client
            .post(&format!("{CURRENT}/batch/{call}"), json!({ "inputs": inputs }))
            .await
            .expect(400);
        assert_eq!(
            (&body["message"], &body["category"]),
            (&json!(message), &json!("VALIDATION_ERROR"))
        );
    }
    let new: Vec<Value> = (0..101)
        .map(|number| new(&format!("{number}@example.com")))
        .collect();
    batch(&client, "create", json!(new)).await.expect(400);
    assert!(samples_are_unchanged(&hubspot));
}

#[tokio::test]
async fn a_repeated_id_is_rejected_with_and_without_trace_ids() {
    let (hubspot, client) = start_predictable().await;
    let plain = json!([named("51", "x"), named("1", "y"), named("51", "z")]);
    let with_traces = json!([traced("t-1", named("51", "x")), traced("t-2", named("51", "z"))]);
    for inputs in [plain, with_traces] {
        let body = batch(&client, "update", inputs).await.expect(400);
        assert_eq!(
            body["message"],
            "Duplicate IDs found in batch input: [51]. IDs must be unique"
        );
        assert_eq!(body["context"]["ids"], json!(["51"]));
        assert_eq!(body["category"], "VALIDATION_ERROR");
    }
    let inputs = json!({ "inputs": [{ "id": "51" }, { "id": "51" }] });
    client
        .post(&format!("{CURRENT}/batch/read"), inputs)
        .await
        .expect(400);
    assert!(samples_are_unchanged(&hubspot));
}

#[tokio::test]
async fn json_of_the_wrong_shape_is_rejected() {
    let (hubspot, client) = start_predictable().await;
    let headers = [
        ("authorization", "Bearer sandbox-token"),
        ("content-type", "application/json"),
    ];
    for body in [
        r#"{"inputs": {}}"#,
        r#"{"inputs": [{"properties": {}}]}"#,
        r#"{"inputs": [{"id": "51"}]}"#,
        "{}",
    ] {
        let response = client
            .raw(Method::POST, &format!("{CURRENT}/batch/update"), &headers, body)
            .await
            .expect(400);
        assert!(
            response["message"]
                .as_str()
                .unwrap()
                .starts_with("Invalid input JSON on line 1, column ")
        );
        assert!(response.get("category").is_none());
    }
    assert!(samples_are_unchanged(&hubspot));
}

#[tokio::test]
async fn without_trace_ids_an_invalid_value_rejects_the_batch() {
    let (hubspot, client) = start_predictable().await;
    let inputs = json!([
        named("51", "x"),
        { "id": "1", "properties": { "email": "nope", "nonsense": "1" } },
    ]);
    let body = batch(&client, "update", inputs).await.expect(400);
    let codes: Vec<&str> = body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["INVALID_EMAIL", "PROPERTY_DOESNT_EXIST"]);
    assert!(samples_are_unchanged(&hubspot));
    let body = batch(&client, "create", json!([new("fine@example.com"), new("nope")]))
        .await
        .expect(400);
    assert_eq!(body["category"], "VALIDATION_ERROR");
    assert!(hubspot.contact_by_email("fine@example.com").is_none());
}

#[tokio::test]
async fn without_trace_ids_a_conflict_rejects_the_batch() {
    let (hubspot, client) = start_predictable().await;
    let inputs = json!([
        new("fine@example.com"),
        new("bh@hubspot.com"),
        new("emailmaria@hubspot.com")
    ]);
    let body = batch(&client, "create", inputs).await.expect(409);
    assert_eq!(body["message"], "Contact already exists. Existing ID: 51");
    assert!(
        hubspot.contact_by_email("fine@example.com").is_none(),
        "nothing is written"
    );
    let inputs = json!([named("51", "x"), { "id": "1", "properties": { "email": "bh@hubspot.com" } }]);
    batch(&client, "update", inputs).await.expect(409);
    assert!(samples_are_unchanged(&hubspot));
    assert_eq!(
        hubspot.writes_of(51).len(),
        1,
        "a write that was rolled back is not in the record"
    );
}

#[tokio::test]
async fn with_trace_ids_valid_inputs_are_written() {
    let (hubspot, client) = start_predictable().await;
    let inputs = json!([
        traced("t-good", named("51", "New")),
        traced("t-bad", json!({ "id": "1", "properties": { "nonsense": "1" } })),
        traced("t-gone", named("999", "x")),
    ]);
    let body = batch(&client, "update", inputs).await.expect(207);
    assert_eq!(ids(&body["results"]), ["51"]);
    assert_eq!(body["numErrors"], 2);
    assert_eq!(first_name(&hubspot, "51").as_deref(), Some("New"));
    let bad = &body["errors"][0];
    assert_eq!(
        (&bad["status"], &bad["category"]),
        (&json!("error"), &json!("VALIDATION_ERROR"))
    );
    assert_eq!(bad["context"]["objectWriteTraceId"], json!(["t-bad"]));
    let message = bad["message"].as_str().unwrap();
    assert!(
        message.contains(r#"Property \"nonsense\" does not exist"#),
        "{message}"
    );
    let gone = &body["errors"][1];
    assert_eq!(gone["category"], "OBJECT_NOT_FOUND");
    assert_eq!(
        gone["context"],
        json!({ "ids": ["999"], "objectWriteTraceId": ["t-gone"] })
    );
}

#[tokio::test]
async fn with_trace_ids_a_conflict_names_the_other_contact() {
    let (hubspot, client) = start_predictable().await;
    let inputs = json!([
        traced("t-1", new("fine@example.com")),
        traced("t-2", new("bh@hubspot.com"))
    ]);
    let body = batch(&client, "create", inputs.clone()).await.expect(207);
    assert_eq!(body["results"][0]["properties"]["email"], "fine@example.com");
    let error = &body["errors"][0];
    assert_eq!(error["category"], "CONFLICT");
    assert_eq!(
        error["context"],
        json!({ "existingId": ["51"], "objectWriteTraceId": ["t-2"] })
    );
    hubspot.set_switches(Switches {
        conflict_body: ConflictBody::WithoutId,
        ..hubspot.switches()
    });
    let body = batch(&client, "create", json!([traced("t-2", new("bh@hubspot.com"))]))
        .await
        .expect(207);
    assert_eq!(
        body["errors"][0]["context"],
        json!({ "objectWriteTraceId": ["t-2"] })
    );
}

#[tokio::test]
async fn missing_or_repeated_trace_ids_have_no_effect() {
    let (hubspot, client) = start_predictable().await;
    let bad = json!({ "id": "1", "properties": { "nonsense": "1" } });
    batch(&client, "update", json!([traced("t-1", named("51", "x")), bad]))
        .await
        .expect(400);
    batch(
        &client,
        "update",
        json!([traced("t-1", named("51", "x")), traced("t-1", bad)]),
    )
    .await
    .expect(400);
    assert!(samples_are_unchanged(&hubspot));
}

#[tokio::test]
async fn unknown_ids_share_one_error() {
    let (hubspot, client) = start_predictable().await;
    hubspot.archive(1).unwrap();
    let inputs = json!([
        named("51", "New"),
        named("1", "x"),
        named("998", "x"),
        named("nobody@example.com", "x")
    ]);
    let body = batch(&client, "update", inputs).await.expect(207);
    assert_eq!(ids(&body["results"]), ["51"]);
    assert_eq!(body["numErrors"], 1);
    let error = &body["errors"][0];
    let message =
        "Could not get some CONTACT objects, they may be deleted or not exist. Check that ids are valid.";
    assert_eq!(error["message"], message);
    assert_eq!(
        error["context"],
        json!({ "ids": ["1", "998", "nobody@example.com"] })
    );
    let read = json!({ "inputs": [{ "id": "51" }, { "id": "998" }, { "id": "999" }] });
    let body = client
        .post(&format!("{CURRENT}/batch/read"), read)
        .await
        .expect(207);
    assert_eq!(ids(&body["results"]), ["51"]);
    assert_eq!(body["errors"][0]["context"]["ids"], json!(["998", "999"]));
}

#[tokio::test]
async fn batch_updates_skip_former_ids() {
    let (hubspot, client) = start_predictable().await;
    let other = add(&hubspot, "other@example.com");
    let merged = hubspot.merge(51, 1).unwrap();
    for inputs in [
        json!([named("51", "Lost"), named(&other, "Written")]),
        json!([
            traced("t-1", named("1", "Lost")),
            traced("t-2", named(&other, "Written"))
        ]),
    ] {
        let body = batch(&client, "update", inputs).await.expect(200);
        assert_eq!(ids(&body["results"]), [other.as_str()]);
        assert!(body.get("errors").is_none());
    }
    assert_eq!(
        first_name(&hubspot, &merged.id.to_string()).as_deref(),
        Some("Brian")
    );
}
