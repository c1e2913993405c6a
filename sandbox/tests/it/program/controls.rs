//! The controls under `/_sandbox` and the overview.

use reqwest::Method;
use sandbox::Settings;
use serde_json::json;

use crate::client::{CURRENT, start, start_predictable};

#[tokio::test]
async fn changes_of_a_salesperson_are_no_calls() {
    let (hubspot, client) = start_predictable().await;
    let created = client
        .post(
            "/_sandbox/contacts",
            json!({ "properties": { "email": "ada@example.com" } }),
        )
        .await;
    let id = created.expect(201)["id"].as_str().unwrap().to_owned();
    let path = format!("/_sandbox/contacts/{id}");
    client
        .patch(&path, json!({ "properties": { "firstname": "Ada" } }))
        .await
        .expect(200);
    let seen = client.get(&path).await.expect(200);
    assert_eq!(seen["properties"]["firstname"], "Ada");
    assert_eq!(seen["writes"][1]["author"], "salesperson");
    assert_eq!(seen["writes"][1]["properties"], json!({ "firstname": "Ada" }));
    assert_eq!(client.delete(&path).await.expect(200)["archived"], true);
    let merge = json!({ "primaryObjectId": "51", "objectIdToMerge": "1" });
    let merged = client.post("/_sandbox/merge", merge).await.expect(200);
    assert_eq!(merged["formerIds"], json!(["51", "1"]));
    let all = client.get("/_sandbox/contacts").await.expect(200);
    assert_eq!(all["portalId"], hubspot.portal_id());
    assert_eq!(all["contacts"].as_array().unwrap().len(), 2);
    assert!(hubspot.calls().is_empty());
}

#[tokio::test]
async fn a_salesperson_is_subject_to_the_same_rules() {
    let (_hubspot, client) = start_predictable().await;
    let conflicting = json!({ "properties": { "email": "bh@hubspot.com" } });
    assert_eq!(
        client.post("/_sandbox/contacts", conflicting).await.expect(409)["category"],
        "CONFLICT"
    );
    client
        .patch("/_sandbox/contacts/999", json!({ "properties": {} }))
        .await
        .expect(404);
    client.get("/_sandbox/contacts/999").await.expect(404);
    client.delete("/_sandbox/contacts/999").await.expect(404);
}

#[tokio::test]
async fn the_log_lists_calls_and_can_be_emptied() {
    let (_hubspot, client) = start_predictable().await;
    let inputs = json!({ "inputs": [{ "id": "1" }, { "id": "51" }] });
    client
        .post(&format!("{CURRENT}/batch/read"), inputs)
        .await
        .expect(200);
    let calls = client.get("/_sandbox/calls").await.expect(200);
    let call = &calls[0];
    assert_eq!(
        (&call["method"], &call["status"], &call["inputs"]),
        (&json!("POST"), &json!(200), &json!(2))
    );
    assert_eq!(call["path"], format!("{CURRENT}/batch/read"));
    assert!(call["durationMs"].is_u64() && call["at"].is_string());
    client.delete("/_sandbox/calls").await.expect(204);
    assert_eq!(client.get("/_sandbox/calls").await.expect(200), json!([]));
}

#[tokio::test]
async fn the_log_keeps_the_latest_calls() {
    let (hubspot, client) = start(Settings {
        kept_calls: 3,
        ..Settings::default()
    })
    .await;
    for _ in 0..5 {
        client.get(CURRENT).await.expect(200);
    }
    let numbers: Vec<u64> = hubspot.calls().iter().map(|call| call.number).collect();
    assert_eq!(numbers, [3, 4, 5]);
}

#[tokio::test]
async fn faults_are_accepted_as_json_and_as_text() {
    let (_hubspot, client) = start_predictable().await;
    let fault = json!({ "on": { "path": "batch/read", "times": 1 }, "do": { "answer": { "error": "503", "effect": { "after_ms": 5 } } } });
    assert_eq!(client.post("/_sandbox/faults", fault).await.expect(201)["id"], 1);
    client
        .raw(Method::POST, "/_sandbox/faults", &[], "contact=51,answer=500")
        .await
        .expect(201);
    let faults = client.get("/_sandbox/faults").await.expect(200);
    assert_eq!(
        (&faults[0]["do"]["answer"]["error"], &faults[1]["on"]["contact"]),
        (&json!("503"), &json!("51"))
    );
    client.get(&format!("{CURRENT}/51")).await.expect(500);
    assert_eq!(client.get("/_sandbox/faults").await.expect(200)[1]["hits"], 1);
    client.delete("/_sandbox/faults/2").await.expect(204);
    client.delete("/_sandbox/faults/2").await.expect(404);
    client.get(&format!("{CURRENT}/51")).await.expect(200);
    client.delete("/_sandbox/faults").await.expect(204);
    assert_eq!(client.get("/_sandbox/faults").await.expect(200), json!([]));
    for bad_request in [
        "answer=200",
        r#"{"do": "nothing"}"#,
        r#"{"on": {"pth": "x"}, "do": "empty_success"}"#,
    ] {
        assert_eq!(
            client
                .raw(Method::POST, "/_sandbox/faults", &[], bad_request)
                .await
                .status,
            400
        );
    }
}

#[tokio::test]
async fn switches_limits_and_tokens_can_be_changed() {
    let (hubspot, client) = start_predictable().await;
    let switches = client
        .patch("/_sandbox/switches", json!({ "retry_after": true }))
        .await
        .expect(200);
    assert_eq!(switches["retry_after"], true);
    assert_eq!(client.get("/_sandbox/switches").await.expect(200), switches);
    assert_eq!(
        client
            .patch("/_sandbox/switches", json!({ "nonsense": 1 }))
            .await
            .status,
        400
    );
    assert!(hubspot.switches().retry_after);
    client
        .put("/_sandbox/limits", json!({ "burst": 0 }))
        .await
        .expect(204);
    assert_eq!(client.get("/_sandbox/limits").await.expect(200)["burst"], 0);
    client.get(CURRENT).await.expect(429);
    client.put("/_sandbox/limits", json!({})).await.expect(204);
    client
        .put("/_sandbox/tokens", json!(["another"]))
        .await
        .expect(204);
    client.get(CURRENT).await.expect(401);
    client.with_token("another").get(CURRENT).await.expect(200);
}

#[tokio::test]
async fn health_names_the_account_and_is_not_hubspot() {
    let (hubspot, client) = start_predictable().await;
    let body = client.get("/_sandbox/health").await.expect(200);
    assert_eq!(
        (&body["status"], &body["portalId"]),
        (&json!("ok"), &json!(hubspot.portal_id()))
    );
    assert!(body["name"].as_str().unwrap().contains("not HubSpot"));
}

#[tokio::test]
async fn the_overview_escapes_what_it_shows() {
    let (hubspot, client) = start_predictable().await;
    let script = "<script>alert('x' & \"y\")</script>";
    hubspot.edit_contact(51, [("firstname", script)]).unwrap();
    client.get(&format!("{CURRENT}/%3Cb%3E")).await.expect(404);
    let response = client.raw(Method::GET, "/", &[], "").await;
    assert_eq!(response.header("content-type"), Some("text/html; charset=utf-8"));
    let page = response.text;
    assert!(!page.contains("<script"));
    assert!(page.contains("&lt;script&gt;alert(&#39;x&#39; &amp; &quot;y&quot;)&lt;/script&gt;"));
    assert!(page.contains("http-equiv=\"refresh\""));
    assert!(page.contains(&hubspot.portal_id().to_string()));
    assert!(page.contains("189 of 190"));
    assert!(page.contains("emailmaria@hubspot.com"));
    assert!(page.contains(&format!("{CURRENT}/%3Cb%3E")));
}
