//! Batch answers that differ between accounts.

use sandbox::{PartialStatus, Settings, Switches};
use serde_json::{Value, json};

use crate::{
    batches::untouched,
    client::{add, batch, calm, ids, named, new, started, traced},
};

#[tokio::test]
async fn batches_can_be_answered_with_nothing() {
    let (hubspot, client) = calm().await;
    hubspot.set_switches(Switches {
        empty_success: true,
        ..hubspot.switches()
    });
    let body = batch(&client, "update", json!([named("51", "x")]))
        .await
        .expect(200);
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
async fn one_input_may_refuse_the_batch_in_spite_of_trace_ids() {
    let (hubspot, client) = calm().await;
    hubspot.set_switches(Switches {
        partial_batches: false,
        ..hubspot.switches()
    });
    for (email, status) in [("nope", 400), ("emailmaria@hubspot.com", 409)] {
        let taken = json!({ "id": "51", "properties": { "email": email } });
        let inputs = json!([traced("t-1", named("1", "x")), traced("t-2", taken)]);
        batch(&client, "update", inputs).await.expect(status);
        assert!(untouched(&hubspot));
    }
}

#[tokio::test]
async fn a_full_success_with_trace_ids_may_answer_207() {
    let (hubspot, client) = calm().await;
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
    let body = batch(&client, "update", json!(inputs)).await.expect(200);
    let mut received = ids(&body["results"]);
    assert_ne!(received, ids_sent);
    received.sort_by_key(|id| id.parse::<u64>().unwrap());
    assert_eq!(received, ids_sent);
}
