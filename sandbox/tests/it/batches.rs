//! What becomes of batches: every row of the table in the README.

use reqwest::Method;
use sandbox::{ConflictBody, PartialStatus, Sandbox, Settings, Switches};
use serde_json::{Value, json};

use crate::client::{Answer, CURRENT, Client, V3, add, calm, first_name, named, started, traced};

async fn update(client: &Client, inputs: Value) -> Answer {
    client
        .post(&format!("{CURRENT}/batch/update"), json!({ "inputs": inputs }))
        .await
}

async fn upsert(client: &Client, inputs: Value) -> Answer {
    client
        .post(&format!("{CURRENT}/batch/upsert"), json!({ "inputs": inputs }))
        .await
}

async fn create(client: &Client, inputs: Value) -> Answer {
    client
        .post(&format!("{CURRENT}/batch/create"), json!({ "inputs": inputs }))
        .await
}

fn new(email: &str) -> Value {
    json!({ "properties": { "email": email } })
}

fn ids(results: &Value) -> Vec<&str> {
    results
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["id"].as_str().unwrap())
        .collect()
}

fn untouched(hubspot: &Sandbox) -> bool {
    first_name(hubspot, "51").as_deref() == Some("Brian")
        && first_name(hubspot, "1").as_deref() == Some("Maria")
}

#[tokio::test]
async fn a_batch_whose_inputs_are_all_fine_is_written() {
    let (hubspot, client) = calm().await;
    for base in [V3, CURRENT] {
        let inputs = json!([traced("t-1", named("51", base)), traced("t-2", named("1", base))]);
        let body = client
            .post(&format!("{base}/batch/update"), json!({ "inputs": inputs }))
            .await
            .expect(200);
        assert_eq!(body["status"], "COMPLETE");
        assert_eq!(ids(&body["results"]), ["51", "1"]);
        assert_eq!(body["results"][1]["objectWriteTraceId"], "t-2");
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
    let body = create(&client, json!([new("a@example.com"), new("b@example.com")]))
        .await
        .expect(201);
    assert_eq!(body["results"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn more_than_a_hundred_inputs_are_refused() {
    let (hubspot, client) = calm().await;
    let mut inputs: Vec<Value> = (1_000..1_100).map(|id| named(&id.to_string(), "x")).collect();
    update(&client, json!(inputs)).await.expect(207);
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
    create(&client, json!(new)).await.expect(400);
    assert!(untouched(&hubspot));
}

#[tokio::test]
async fn an_id_twice_is_refused_with_and_without_trace_ids() {
    let (hubspot, client) = calm().await;
    let plain = json!([named("51", "x"), named("1", "y"), named("51", "z")]);
    let with_traces = json!([traced("t-1", named("51", "x")), traced("t-2", named("51", "z"))]);
    for inputs in [plain, with_traces] {
        let body = update(&client, inputs).await.expect(400);
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
    assert!(untouched(&hubspot));
}

#[tokio::test]
async fn json_of_the_wrong_shape_is_refused_without_a_category() {
    let (hubspot, client) = calm().await;
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
        let answer = client
            .raw(Method::POST, &format!("{CURRENT}/batch/update"), &headers, body)
            .await
            .expect(400);
        assert!(
            answer["message"]
                .as_str()
                .unwrap()
                .starts_with("Invalid input JSON on line 1, column ")
        );
        assert!(answer.get("category").is_none());
    }
    assert!(untouched(&hubspot));
}

#[tokio::test]
async fn without_trace_ids_one_bad_value_refuses_the_batch_and_all_faults_are_named() {
    let (hubspot, client) = calm().await;
    let inputs = json!([
        named("51", "x"),
        { "id": "1", "properties": { "email": "nope", "nonsense": "1" } },
    ]);
    let body = update(&client, inputs).await.expect(400);
    let codes: Vec<&str> = body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["INVALID_EMAIL", "PROPERTY_DOESNT_EXIST"]);
    assert!(untouched(&hubspot));
    let body = create(&client, json!([new("fine@example.com"), new("nope")]))
        .await
        .expect(400);
    assert_eq!(body["category"], "VALIDATION_ERROR");
    assert!(hubspot.contact_by_email("fine@example.com").is_none());
}

#[tokio::test]
async fn without_trace_ids_one_taken_email_refuses_the_batch_and_names_the_first() {
    let (hubspot, client) = calm().await;
    let inputs = json!([
        new("fine@example.com"),
        new("bh@hubspot.com"),
        new("emailmaria@hubspot.com")
    ]);
    let body = create(&client, inputs).await.expect(409);
    assert_eq!(body["message"], "Contact already exists. Existing ID: 51");
    assert!(
        hubspot.contact_by_email("fine@example.com").is_none(),
        "nothing is written"
    );
    let inputs = json!([named("51", "x"), { "id": "1", "properties": { "email": "bh@hubspot.com" } }]);
    update(&client, inputs).await.expect(409);
    assert!(untouched(&hubspot));
    assert_eq!(
        hubspot.writes_of(51).len(),
        1,
        "what was undone is not in the history of writes"
    );
}

#[tokio::test]
async fn with_trace_ids_good_inputs_are_written_and_the_others_reported() {
    let (hubspot, client) = calm().await;
    let inputs = json!([
        traced("t-good", named("51", "New")),
        traced("t-bad", json!({ "id": "1", "properties": { "nonsense": "1" } })),
        traced("t-gone", named("999", "x")),
    ]);
    let body = update(&client, inputs).await.expect(207);
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
async fn with_trace_ids_a_taken_email_is_reported_with_its_holder() {
    let (hubspot, client) = calm().await;
    let inputs = json!([
        traced("t-1", new("fine@example.com")),
        traced("t-2", new("bh@hubspot.com"))
    ]);
    let body = create(&client, inputs.clone()).await.expect(207);
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
    let body = create(&client, json!([traced("t-2", new("bh@hubspot.com"))]))
        .await
        .expect(207);
    assert_eq!(
        body["errors"][0]["context"],
        json!({ "objectWriteTraceId": ["t-2"] })
    );
}

#[tokio::test]
async fn trace_ids_that_are_missing_or_repeated_count_for_nothing() {
    let (hubspot, client) = calm().await;
    let bad = json!({ "id": "1", "properties": { "nonsense": "1" } });
    update(&client, json!([traced("t-1", named("51", "x")), bad]))
        .await
        .expect(400);
    update(
        &client,
        json!([traced("t-1", named("51", "x")), traced("t-1", bad)]),
    )
    .await
    .expect(400);
    assert!(untouched(&hubspot));
}

#[tokio::test]
async fn unknown_ids_share_one_error_and_the_others_are_served() {
    let (hubspot, client) = calm().await;
    hubspot.archive(1).unwrap();
    let inputs = json!([
        named("51", "New"),
        named("1", "x"),
        named("998", "x"),
        named("nobody@example.com", "x")
    ]);
    let body = update(&client, inputs).await.expect(207);
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
async fn a_former_id_in_an_update_is_dropped_in_silence() {
    let (hubspot, client) = calm().await;
    let other = add(&hubspot, "other@example.com");
    let merged = hubspot.merge(51, 1).unwrap();
    for inputs in [
        json!([named("51", "Lost"), named(&other, "Written")]),
        json!([
            traced("t-1", named("1", "Lost")),
            traced("t-2", named(&other, "Written"))
        ]),
    ] {
        let body = update(&client, inputs).await.expect(200);
        assert_eq!(ids(&body["results"]), [other.as_str()]);
        assert!(body.get("errors").is_none());
    }
    assert_eq!(
        first_name(&hubspot, &merged.id.to_string()).as_deref(),
        Some("Brian")
    );
}

#[tokio::test]
async fn batches_can_be_answered_with_nothing() {
    let (hubspot, client) = calm().await;
    hubspot.set_switches(Switches {
        empty_success: true,
        ..hubspot.switches()
    });
    let body = update(&client, json!([named("51", "x")])).await.expect(200);
    assert_eq!(body["results"], json!([]));
    assert!(untouched(&hubspot));
}

#[tokio::test]
async fn the_status_of_a_partial_batch_is_a_switch() {
    let (hubspot, client) = calm().await;
    hubspot.set_switches(Switches {
        partial_status: PartialStatus::Success,
        ..hubspot.switches()
    });
    let body = update(&client, json!([named("999", "x")])).await.expect(200);
    assert_eq!(body["numErrors"], 1);
    let inputs = json!([
        traced("t-1", new("bh@hubspot.com")),
        traced("t-2", new("a@example.com"))
    ]);
    assert_eq!(create(&client, inputs).await.expect(201)["numErrors"], 1);
}

#[tokio::test]
async fn a_full_success_with_trace_ids_may_answer_207() {
    let (hubspot, client) = calm().await;
    hubspot.set_switches(Switches {
        multi_status_on_success: true,
        ..hubspot.switches()
    });
    let body = update(&client, json!([traced("t-1", named("51", "x"))]))
        .await
        .expect(207);
    assert!(body.get("errors").is_none());
    update(&client, json!([named("51", "x")])).await.expect(200);
}

#[tokio::test]
async fn results_come_in_any_order() {
    let (hubspot, client) = started(Settings {
        seed: Some(7),
        ..Settings::default()
    })
    .await;
    let ids_sent: Vec<String> = (0..50)
        .map(|number| add(&hubspot, &format!("{number}@example.com")))
        .collect();
    let inputs: Vec<Value> = ids_sent.iter().map(|id| named(id, "x")).collect();
    let body = update(&client, json!(inputs)).await.expect(200);
    let mut received = ids(&body["results"]);
    assert_ne!(received, ids_sent);
    received.sort_by_key(|id| id.parse::<u64>().unwrap());
    assert_eq!(received, ids_sent);
}

#[tokio::test]
async fn batch_read_by_email_finds_secondary_addresses_and_says_each_contact_once() {
    let (hubspot, client) = calm().await;
    hubspot
        .edit_contact(51, [("email", "brian@example.com")])
        .unwrap();
    let body = json!({
        "idProperty": "email",
        "inputs": [{ "id": "BH@hubspot.com" }, { "id": "brian@example.com" }, { "id": "nobody@example.com" }],
        "properties": ["email", "hs_additional_emails"],
    });
    let body = client
        .post(&format!("{CURRENT}/batch/read"), body)
        .await
        .expect(207);
    assert_eq!(ids(&body["results"]), ["51"]);
    assert_eq!(
        body["results"][0]["properties"]["hs_additional_emails"],
        "bh@hubspot.com"
    );
    assert_eq!(body["errors"][0]["context"]["ids"], json!(["nobody@example.com"]));
}

#[tokio::test]
async fn batch_read_of_histories_takes_fifty() {
    let (_hubspot, client) = calm().await;
    let read = |count: usize| {
        let inputs: Vec<Value> = (0..count).map(|id| json!({ "id": id.to_string() })).collect();
        json!({ "inputs": inputs, "properties": [], "propertiesWithHistory": ["firstname"] })
    };
    let path = format!("{CURRENT}/batch/read");
    let body = client.post(&path, read(51)).await.expect(400);
    let message = "The maximum number of inputs supported in a batch request for property histories is 50. Please reduce the number of items and try again";
    assert_eq!(body["message"], message);
    let body = client
        .post(
            &path,
            json!({ "inputs": [{ "id": "51" }], "propertiesWithHistory": ["firstname"] }),
        )
        .await
        .expect(200);
    assert_eq!(
        body["results"][0]["propertiesWithHistory"]["firstname"][0]["value"],
        "Brian"
    );
}

#[tokio::test]
async fn archived_contacts_can_be_read_as_such() {
    let (hubspot, client) = calm().await;
    hubspot.archive(51).unwrap();
    let body = json!({ "inputs": [{ "id": "51" }, { "id": "1" }] });
    let body = client
        .post(&format!("{CURRENT}/batch/read?archived=true"), body)
        .await
        .expect(207);
    assert_eq!(ids(&body["results"]), ["51"]);
}

#[tokio::test]
async fn batch_archive_does_not_mind_unknown_ids() {
    let (hubspot, client) = calm().await;
    let body = json!({ "inputs": [{ "id": "51" }, { "id": "999" }] });
    client
        .post(&format!("{CURRENT}/batch/archive"), body)
        .await
        .expect(204);
    assert!(hubspot.contact(51).unwrap().is_archived());
}

#[tokio::test]
async fn batch_update_by_email_is_refused_and_by_a_unique_property_done() {
    let settings = Settings {
        unique_properties: vec!["app_user_id".into()],
        ..Settings::default()
    };
    let (hubspot, client) = started(settings).await;
    let by = |property: &str, id: &str| json!([{ "id": id, "idProperty": property, "properties": { "firstname": "New" } }]);
    let body = update(&client, by("email", "bh@hubspot.com")).await.expect(400);
    let portal_id = hubspot.portal_id();
    let message =
        format!("Unable to perform update/upsert by non-unique 0-1 property email in portal ID {portal_id}");
    assert_eq!(body["message"], message);
    hubspot.edit_contact(51, [("app_user_id", "u-77")]).unwrap();
    update(&client, by("app_user_id", "u-77")).await.expect(200);
    assert_eq!(first_name(&hubspot, "51").as_deref(), Some("New"));
}

#[tokio::test]
async fn upsert_updates_what_exists_and_creates_the_rest() {
    let settings = Settings {
        unique_properties: vec!["app_user_id".into()],
        ..Settings::default()
    };
    let (hubspot, client) = started(settings).await;
    hubspot
        .edit_contact(51, [("app_user_id", "u-1"), ("email", "brian@example.com")])
        .unwrap();
    let input = |property: &str, id: &str| json!({ "id": id, "idProperty": property, "properties": { "firstname": "New" } });
    let inputs = json!([
        input("app_user_id", "u-1"),
        input("email", "new@example.com"),
        input("app_user_id", "u-2")
    ]);
    let body = upsert(&client, inputs).await.expect(200);
    let is_new = |id: &str| {
        body["results"]
            .as_array()
            .unwrap()
            .iter()
            .find(|result| result["id"] == id)
            .unwrap()["new"]
            .clone()
    };
    assert_eq!(is_new("51"), json!(false));
    let created = hubspot.contact_by_email("new@example.com").unwrap();
    assert_eq!(is_new(&created.id.to_string()), json!(true));
    let body = upsert(&client, json!([input("email", "bh@hubspot.com")]))
        .await
        .expect(200);
    assert_eq!(
        ids(&body["results"]),
        ["51"],
        "a secondary address leads to the contact that owns it"
    );
}

#[tokio::test]
async fn upsert_needs_a_property_that_identifies() {
    let (hubspot, client) = calm().await;
    let body = upsert(&client, json!([named("51", "x")])).await.expect(404);
    assert_eq!(body["message"], "resource not found");
    let by_name = json!([{ "id": "x", "idProperty": "firstname", "properties": {} }]);
    let body = upsert(&client, by_name).await.expect(400);
    assert!(
        body["message"]
            .as_str()
            .unwrap()
            .starts_with("Unable to perform update/upsert by non-unique")
    );
    hubspot.set_switches(Switches {
        upsert_by_email: false,
        ..hubspot.switches()
    });
    let by_email = json!([{ "id": "bh@hubspot.com", "idProperty": "email", "properties": {} }]);
    let body = upsert(&client, by_email).await.expect(400);
    assert_eq!(
        body["message"],
        "Cannot upsert a CONTACT when idProperty is set to email."
    );
}

#[tokio::test]
async fn upsert_with_the_email_of_another_contact_is_a_conflict() {
    let settings = Settings {
        unique_properties: vec!["app_user_id".into()],
        ..Settings::default()
    };
    let (hubspot, client) = started(settings).await;
    let input = |id: &str, email: &str| json!({ "id": id, "idProperty": "app_user_id", "properties": { "email": email } });
    let inputs = [input("u-1", "fine@example.com"), input("u-2", "bh@hubspot.com")];
    upsert(&client, json!(inputs)).await.expect(409);
    assert!(hubspot.contact_by_email("fine@example.com").is_none());
    let [first, second] = inputs;
    let body = upsert(&client, json!([traced("t-1", first), traced("t-2", second)]))
        .await
        .expect(207);
    assert_eq!(body["errors"][0]["context"]["existingId"], json!(["51"]));
    assert!(hubspot.contact_by_email("fine@example.com").is_some());
}
