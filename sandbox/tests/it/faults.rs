//! Faults on demand: which calls they hit, and which errors they give.

use std::time::{Duration, Instant};

use reqwest::Method;
use sandbox::{Action, BodyKind, Effect, Fault, KnownError, Settings, Switches};
use serde_json::{Value, json};

use crate::client::{CURRENT, calm, first_name, named, started};

fn update(first_name: &str) -> (String, Value) {
    (
        format!("{CURRENT}/batch/update"),
        json!({ "inputs": [named("51", first_name)] }),
    )
}

#[tokio::test]
async fn every_error_of_the_catalogue_can_be_had() {
    let (hubspot, client) = calm().await;
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
        let answer = client.get(CURRENT).await;
        assert_eq!(answer.status.as_u16(), name.parse::<u16>().unwrap());
        assert_eq!(
            answer.text.starts_with("<html>"),
            name.starts_with('5') && name != "500",
            "{name}"
        );
    }
}

#[tokio::test]
async fn an_account_on_the_move_says_when_to_come_back() {
    let (hubspot, client) = calm().await;
    hubspot.add_fault(Fault::answer(KnownError::Migrating).times(1));
    assert_eq!(client.get(CURRENT).await.header("retry-after"), Some("60"));
    hubspot.add_fault("answer=477,retry_after=3".parse().unwrap());
    assert_eq!(client.get(CURRENT).await.header("retry-after"), Some("3"));
}

#[tokio::test]
async fn the_body_of_an_error_can_be_chosen() {
    let (hubspot, client) = calm().await;
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
        let answer = client.get(CURRENT).await;
        assert_eq!(answer.status, 502);
        assert!(answer.text.starts_with(start));
        assert_eq!(answer.text.is_empty(), body == BodyKind::Empty);
    }
}

#[tokio::test]
async fn a_fault_hits_only_what_it_names_and_as_often_as_it_says() {
    let (hubspot, client) = calm().await;
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
async fn a_poisoned_contact_fails_every_batch_it_is_in() {
    let (hubspot, client) = calm().await;
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
async fn faults_can_name_methods_addresses_and_properties() {
    let (hubspot, client) = calm().await;
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
async fn a_share_hits_some_calls_and_spares_others() {
    let limits = sandbox::Limits {
        burst: 10_000,
        ..sandbox::Limits::default()
    };
    let (hubspot, client) = started(Settings {
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
    let (hubspot, client) = calm().await;
    hubspot.add_fault(Fault::empty_success().on_path("batch/update").times(1));
    let (path, body) = update("Never");
    assert_eq!(client.post(&path, body).await.expect(200)["results"], json!([]));
    assert_eq!(first_name(&hubspot, "51").as_deref(), Some("Brian"));
}

#[tokio::test]
async fn an_odd_success_does_not_say_what_it_did() {
    let (hubspot, client) = calm().await;
    for (body, start) in [
        (BodyKind::Json, "{}"),
        (BodyKind::Html, "<html>"),
        (BodyKind::Empty, ""),
    ] {
        hubspot.add_fault(Fault::odd_success(body, Effect::AfterMs(0)).times(1));
        let (path, name) = update(start);
        let answer = client.post(&path, name).await;
        assert_eq!(answer.status, 200);
        assert!(answer.text.starts_with(start));
        assert_eq!(answer.text.is_empty(), body == BodyKind::Empty);
        assert_eq!(first_name(&hubspot, "51").unwrap_or_default(), start);
    }
}

#[tokio::test]
async fn a_delay_and_a_general_latency_take_time() {
    let (hubspot, client) = calm().await;
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
async fn faults_strike_the_token_endpoint_too() {
    let (hubspot, client) = calm().await;
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
