//! Responses to batches that differ between accounts.

use sandbox::{PartialStatus, Settings, Switches};
use serde_json::{Value, json};

use crate::{
    client::samples_are_unchanged,
    client::{add, batch, ids, named, new, start, start_predictable, traced},
};

#[tokio::test]
async fn empty_success_does_nothing_by_switch() {
    let (hubspot, client) = start_predictable().await;
    hubspot.set_switches(Switches {
        empty_success: true,
        ..hubspot.switches()
    });
    let body = batch(&client, "update", json!([named("51", "x")]))
        .await
        .expect(200);
    assert_eq!(body["results"], json!([]));
    assert!(samples_are_unchanged(&hubspot));
}

#[tokio::test]
async fn a_partial_batch_has_the_status_of_the_switch() {
    let (hubspot, client) = start_predictable().await;
    hubspot.set_switches(Switches {
        partial_status: PartialStatus::Success,
        ..hubspot.switches()
    });
    let body = batch(&client, "update", json!([named("999", "x")]))
        .await
        .expect(200);
    assert_eq!(body["numErrors"], 1);
    let inputs = json!([
        traced("t-1", new("bh@hubspot.com")),
        traced("t-2", new("a@example.com"))
    ]);
    assert_eq!(batch(&client, "create", inputs).await.expect(201)["numErrors"], 1);
}

#[tokio::test]
async fn one_input_can_reject_a_batch_with_trace_ids() {
    let (hubspot, client) = start_predictable().await;
    hubspot.set_switches(Switches {
        partial_batches: false,
        ..hubspot.switches()
    });
    for (email, status) in [("nope", 400), ("emailmaria@hubspot.com", 409)] {
        let invalid = json!({ "id": "51", "properties": { "email": email } });
        let inputs = json!([traced("t-1", named("1", "x")), traced("t-2", invalid)]);
        batch(&client, "update", inputs).await.expect(status);
        assert!(samples_are_unchanged(&hubspot));
    }
}

#[tokio::test]
async fn a_full_success_with_trace_ids_can_answer_207() {
    let (hubspot, client) = start_predictable().await;
    hubspot.set_switches(Switches {
        multi_status_on_success: true,
        ..hubspot.switches()
    });
    let body = batch(&client, "update", json!([traced("t-1", named("51", "x"))]))
        .await
        .expect(207);
    assert!(body.get("errors").is_none());
    batch(&client, "update", json!([named("51", "x")]))
        .await
        .expect(200);
}

#[tokio::test]
async fn results_are_shuffled() {
    let (hubspot, client) = start(Settings {
        seed: Some(7),
        ..Settings::default()
    })
    .await;
    let ids_sent: Vec<String> = (0..50)
        .map(|number| add(&hubspot, &format!("{number}@example.com")))
        .collect();
    let inputs: Vec<Value> = ids_sent.iter().map(|id| named(id, "x")).collect();
    let body = batch(&client, "update", json!(inputs)).await.expect(200);
    let mut received = ids(&body["results"]);
    assert_ne!(received, ids_sent);
    received.sort_by_key(|id| id.parse::<u64>().unwrap());
    assert_eq!(received, ids_sent);
}
