//! Which calls a fault hits, and which errors it answers.

use std::time::{Duration, Instant};

use reqwest::Method;
use sandbox::{Action, BodyKind, Effect, Fault, KnownError, Settings, Switches};
use serde_json::{Value, json};

use crate::client::{CURRENT, first_name, named, start, start_predictable};

fn update(first_name: &str) -> (String, Value) {
    (
        format!("{CURRENT}/batch/update"),
        json!({ "inputs": [named("51", first_name)] }),
    )
}

#[tokio::test]
async fn every_known_error_can_be_injected() {
    let (hubspot, client) = start_predictable().await;
    for (name, status, category) in [
        ("400", 400, "VALIDATION_ERROR"),
        ("401", 401, "INVALID_AUTHENTICATION"),
        ("401-expired", 401, "EXPIRED_AUTHENTICATION"),
        ("403", 403, "MISSING_SCOPES"),
        ("423", 423, "LOCKED"),
    ] {
        hubspot.clear_faults();
        hubspot.add_fault(Fault::answer(name.parse().unwrap()));
        assert_eq!(
            client.get(CURRENT).await.expect(status)["category"],
            category,
            "{name}"
        );
    }
    for (name, policy) in [
        ("429", "TEN_SECONDLY_ROLLING"),
        ("429-search", "SECONDLY"),
        ("429-daily", "DAILY"),
        ("429-token", "SECONDLY"),
    ] {
        hubspot.clear_faults();
        hubspot.add_fault(Fault::answer(name.parse().unwrap()));
        assert_eq!(
            client.get(CURRENT).await.expect(429)["policyName"],
            policy,
            "{name}"
        );
    }
    hubspot.clear_faults();
    hubspot.add_fault(Fault::answer(KnownError::ContactForbidden));
    assert!(client.get(CURRENT).await.expect(403).get("errors").is_none());
    for name in [
        "404", "408", "414", "477", "500", "502", "503", "504", "521", "522", "523", "524",
    ] {
        hubspot.clear_faults();
        hubspot.add_fault(Fault::answer(name.parse().unwrap()));
        let response = client.get(CURRENT).await;
        assert_eq!(response.status.as_u16(), name.parse::<u16>().unwrap());
        assert_eq!(
            response.text.starts_with("<html>"),
            name.starts_with('5') && name != "500",
            "{name}"
        );
    }
}

#[tokio::test]
async fn one_input_is_rejected_and_the_others_are_written() {
    let (hubspot, client) = start_predictable().await;
    let inputs = |value: &str| {
        let traced = |id: &str| {
            let mut input = named(id, value);
            input["objectWriteTraceId"] = format!("t-{id}").into();
            input
        };
        json!({ "inputs": [traced("1"), traced("51")] })
    };
    let path = format!("{CURRENT}/batch/update");
    hubspot.add_fault(
        Fault::reject_input("READ_ONLY_VALUE")
            .for_contact(51)
            .for_property("firstname"),
    );
    let body = client.post(&path, inputs("Ada")).await.expect(207);
    assert_eq!(body["results"].as_array().map(Vec::len), Some(1));
    assert_eq!(body["results"][0]["id"], "1");
    let [error] = &body["errors"].as_array().unwrap()[..] else {
        panic!("one error")
    };
    assert_eq!(error["category"], "VALIDATION_ERROR");
    assert_eq!(error["context"]["objectWriteTraceId"], json!(["t-51"]));
    assert_eq!(error["errors"][0]["code"], "READ_ONLY_VALUE");
    assert_eq!(
        error["errors"][0]["context"]["propertyName"],
        json!(["firstname"])
    );

    hubspot.clear_faults();
    hubspot.add_fault(Fault::reject_input("SOMETHING_NEW").for_contact(51));
    let body = client.post(&path, inputs("Grace")).await.expect(207);
    assert_eq!(body["errors"][0]["category"], "SOMETHING_NEW");
    let alone = json!({ "inputs": [named("51", "Grace")] });
    let body = client.post(&path, alone).await.expect(207);
    assert_eq!(body["results"], json!([]));
    let single = json!({ "properties": { "firstname": "Grace" } });
    let body = client.patch(&format!("{CURRENT}/51"), single).await.expect(400);
    assert_eq!(body["category"], "SOMETHING_NEW");
}

#[tokio::test]
async fn a_moving_account_answers_with_retry_after() {
    let (hubspot, client) = start_predictable().await;
    hubspot.add_fault(Fault::answer(KnownError::Migrating).times(1));
    assert_eq!(client.get(CURRENT).await.header("retry-after"), Some("60"));
    hubspot.add_fault("answer=477,retry_after=3".parse().unwrap());
    assert_eq!(client.get(CURRENT).await.header("retry-after"), Some("3"));
}

#[tokio::test]
async fn the_body_of_an_injected_error_can_be_chosen() {
    let (hubspot, client) = start_predictable().await;
    for (body, start) in [
        (BodyKind::Json, "{"),
        (BodyKind::Html, "<html>"),
        (BodyKind::Empty, ""),
    ] {
        hubspot.clear_faults();
        let error = KnownError::Server(502);
        hubspot.add_fault(Fault::new(Action::Answer {
            error,
            body: Some(body),
            retry_after: None,
            effect: Effect::None,
        }));
        let response = client.get(CURRENT).await;
        assert_eq!(response.status, 502);
        assert!(response.text.starts_with(start));
        assert_eq!(response.text.is_empty(), body == BodyKind::Empty);
    }
}

#[tokio::test]
async fn a_fault_hits_matching_calls_as_often_as_set() {
    let (hubspot, client) = start_predictable().await;
    let id = hubspot.add_fault(
        Fault::answer(KnownError::Server(500))
            .on_path("batch/update")
            .times(2),
    );
    client.get(CURRENT).await.expect(200);
    let (path, body) = update("New");
    client.post(&path, body.clone()).await.expect(500);
    client.post(&path, body.clone()).await.expect(500);
    assert_eq!(first_name(&hubspot, "51").as_deref(), Some("Brian"));
    client.post(&path, body).await.expect(200);
    assert_eq!(hubspot.hits_of(id), Some(2));
    assert_eq!(hubspot.calls()[1].fault, Some(id));
}

#[tokio::test]
async fn a_poisoned_contact_fails_each_of_its_batches() {
    let (hubspot, client) = start_predictable().await;
    hubspot.add_fault(Fault::poisoned_contact(51));
    let path = format!("{CURRENT}/batch/update");
    client
        .post(&path, json!({ "inputs": [named("1", "x"), named("51", "x")] }))
        .await
        .expect(500);
    client
        .post(&path, json!({ "inputs": [named("1", "Only")] }))
        .await
        .expect(200);
    let by_email = json!({ "idProperty": "email", "inputs": [{ "id": "bh@hubspot.com" }] });
    client
        .post(&format!("{CURRENT}/batch/read"), by_email)
        .await
        .expect(500);
    client.get(&format!("{CURRENT}/51")).await.expect(500);
    assert_eq!(first_name(&hubspot, "1").as_deref(), Some("Only"));
}

#[tokio::test]
async fn faults_match_methods_addresses_and_properties() {
    let (hubspot, client) = start_predictable().await;
    let patch = |name: &str| json!({ "properties": { name: "x" } });
    hubspot.add_fault(Fault::answer(KnownError::Server(500)).for_property("phone"));
    client
        .patch(&format!("{CURRENT}/1"), patch("phone"))
        .await
        .expect(500);
    client
        .patch(&format!("{CURRENT}/1"), patch("firstname"))
        .await
        .expect(200);
    hubspot.clear_faults();
    hubspot.add_fault("email=BH@hubspot.com,method=patch,answer=500".parse().unwrap());
    client
        .patch(&format!("{CURRENT}/51"), patch("phone"))
        .await
        .expect(500);
    client.get(&format!("{CURRENT}/51")).await.expect(200);
    client
        .patch(&format!("{CURRENT}/1"), patch("phone"))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_share_hits_only_some_calls() {
    let limits = sandbox::Limits {
        burst: 10_000,
        ..sandbox::Limits::default()
    };
    let (hubspot, client) = start(Settings {
        seed: Some(1),
        limits,
        ..Settings::default()
    })
    .await;
    hubspot.add_fault(Fault::answer(KnownError::Locked).share(0.3));
    let mut hit = 0;
    for _ in 0..200 {
        hit += u32::from(client.get(CURRENT).await.status == 423);
    }
    assert!((30..100).contains(&hit), "{hit} of 200");
}

#[tokio::test]
async fn an_empty_success_does_nothing() {
    let (hubspot, client) = start_predictable().await;
    hubspot.add_fault(Fault::empty_success().on_path("batch/update").times(1));
    let (path, body) = update("Never");
    assert_eq!(client.post(&path, body).await.expect(200)["results"], json!([]));
    assert_eq!(first_name(&hubspot, "51").as_deref(), Some("Brian"));
}

#[tokio::test]
async fn an_odd_success_does_not_say_what_was_done() {
    let (hubspot, client) = start_predictable().await;
    for (body, start) in [
        (BodyKind::Json, "{}"),
        (BodyKind::Html, "<html>"),
        (BodyKind::Empty, ""),
    ] {
        hubspot.add_fault(Fault::odd_success(body, Effect::AfterMs(0)).times(1));
        let (path, name) = update(start);
        let response = client.post(&path, name).await;
        assert_eq!(response.status, 200);
        assert!(response.text.starts_with(start));
        assert_eq!(response.text.is_empty(), body == BodyKind::Empty);
        assert_eq!(first_name(&hubspot, "51").unwrap_or_default(), start);
    }
}

#[tokio::test]
async fn delays_and_latency_take_time() {
    let (hubspot, client) = start_predictable().await;
    hubspot.add_fault(Fault::delay(60));
    hubspot.set_switches(Switches {
        latency_ms: 40,
        latency_jitter_ms: 5,
        ..hubspot.switches()
    });
    let before = Instant::now();
    client.get(CURRENT).await.expect(200);
    assert!(before.elapsed() >= Duration::from_millis(100));
    assert!(hubspot.calls()[0].duration_ms >= 100);
}

#[tokio::test]
async fn faults_also_hit_the_token_endpoint() {
    let (hubspot, client) = start_predictable().await;
    hubspot.add_fault(Fault::answer(KnownError::Server(503)).on_path("/oauth/"));
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(
        client
            .raw(Method::POST, "/oauth/v3/token", &headers, "")
            .await
            .status,
        503
    );
}
