//! Calls whose response does not show their effect: late effects, hanging calls, cut connections, locks.

use std::time::{Duration, Instant};

use reqwest::Method;
use sandbox::{CutPoint, Effect, Fault, KnownError, Sandbox, Settings, Switches};
use serde_json::{Value, json};

use crate::client::{CURRENT, Client, first_name, named, start, start_predictable, wait_until};

fn update(first_name: &str) -> (String, Value) {
    (
        format!("{CURRENT}/batch/update"),
        json!({ "inputs": [named("51", first_name)] }),
    )
}

async fn fails(client: &Client, first_name: &str) -> bool {
    let (path, body) = update(first_name);
    client.try_send(Method::POST, &path, Some(&body)).await.is_err()
}

/// Makes a call and disconnects as soon as the fault has hit it.
async fn disconnect_after(hubspot: &Sandbox, client: &Client, fault: u64, first_name: &str) {
    let (client, (path, body)) = (client.clone(), update(first_name));
    let call = tokio::spawn(async move { client.post(&path, body).await });
    wait_until("the fault hits the call", || hubspot.hits_of(fault) == Some(1)).await;
    call.abort();
    assert!(
        call.await.unwrap_err().is_cancelled(),
        "the call had no response yet"
    );
}

#[tokio::test]
async fn an_error_can_be_followed_by_a_late_write() {
    let (hubspot, client) = start_predictable().await;
    hubspot.add_fault(Fault::answer_with_late_effect(KnownError::Server(504), 100).times(1));
    let (path, body) = update("Late");
    let before = Instant::now();
    assert_eq!(client.post(&path, body).await.status, 504);
    wait_until("the write happens", || {
        first_name(&hubspot, "51").as_deref() == Some("Late")
    })
    .await;
    assert!(before.elapsed() >= Duration::from_millis(100));
}

#[tokio::test]
async fn a_late_write_overwrites_a_newer_value() {
    let (hubspot, client) = start_predictable().await;
    hubspot.add_fault(Fault::answer_with_late_effect(KnownError::Server(500), 1_000).times(1));
    let (path, body) = update("Old");
    client.post(&path, body).await.expect(500);
    let (path, body) = update("New");
    client.post(&path, body).await.expect(200);
    assert_eq!(first_name(&hubspot, "51").as_deref(), Some("New"));
    wait_until("the old write takes effect", || {
        first_name(&hubspot, "51").as_deref() == Some("Old")
    })
    .await;
}

#[tokio::test]
async fn a_hanging_call_takes_effect_after_its_caller_left() {
    let (hubspot, client) = start_predictable().await;
    let fault = hubspot.add_fault(Fault::hang(Effect::AfterMs(500)).times(1));
    disconnect_after(&hubspot, &client, fault, "Late").await;
    assert_eq!(first_name(&hubspot, "51").as_deref(), Some("Brian"));
    wait_until("the write happens", || {
        first_name(&hubspot, "51").as_deref() == Some("Late")
    })
    .await;
    let started = Instant::now();
    hubspot.shutdown().await;
    assert!(
        started.elapsed() < Duration::from_secs(4),
        "a hanging call does not delay the shutdown"
    );
}

#[tokio::test]
async fn a_shutdown_carries_out_late_effects() {
    let folder = tempfile::tempdir().unwrap();
    let settings = || Settings {
        data_file: Some(folder.path().join("data")),
        ..Settings::default()
    };
    let (hubspot, client) = start(settings()).await;
    hubspot.add_fault(Fault::answer_with_late_effect(KnownError::Server(500), 600_000));
    let (path, body) = update("Late");
    client.post(&path, body).await.expect(500);
    hubspot.shutdown().await;
    let hubspot = Sandbox::start(settings()).await.unwrap();
    assert_eq!(first_name(&hubspot, "51").as_deref(), Some("Late"));
}

#[tokio::test]
async fn a_hanging_call_ends_with_a_524() {
    let (hubspot, client) = start_predictable().await;
    hubspot.add_fault("times=1,hang=20".parse().unwrap());
    let (path, body) = update("Never");
    assert_eq!(client.post(&path, body).await.status, 524);
    assert_eq!(first_name(&hubspot, "51").as_deref(), Some("Brian"));
}

#[tokio::test]
async fn a_connection_can_be_cut_before_and_after_the_effect() {
    let (hubspot, client) = start_predictable().await;
    hubspot.add_fault(Fault::cut(CutPoint::BeforeEffect).times(1));
    assert!(fails(&client, "Never").await);
    assert_eq!(first_name(&hubspot, "51").as_deref(), Some("Brian"));
    hubspot.add_fault(Fault::cut(CutPoint::AfterEffect).times(1));
    assert!(fails(&client, "Written").await);
    assert_eq!(first_name(&hubspot, "51").as_deref(), Some("Written"));
    assert!(hubspot.calls().iter().all(|call| call.status.is_none()));
    let (path, body) = update("After");
    client.post(&path, body).await.expect(200);
}

#[tokio::test]
async fn a_connection_can_be_cut_in_the_middle_of_a_response() {
    let (hubspot, client) = start_predictable().await;
    hubspot.add_fault(Fault::cut(CutPoint::MidAnswer).times(1));
    let (path, body) = update("Written");
    let error = client
        .try_send(Method::POST, &path, Some(&body))
        .await
        .unwrap_err();
    assert!(
        error.is_body() || error.is_decode(),
        "the headers arrived and the body did not: {error:?}"
    );
    assert_eq!(first_name(&hubspot, "51").as_deref(), Some("Written"));
}

#[tokio::test]
async fn a_call_goes_on_when_its_caller_disconnects() {
    let (hubspot, client) = start_predictable().await;
    let fault = hubspot.add_fault(Fault::delay(500).times(1));
    disconnect_after(&hubspot, &client, fault, "Written").await;
    assert_eq!(first_name(&hubspot, "51").as_deref(), Some("Brian"));
    wait_until("the write happens", || {
        first_name(&hubspot, "51").as_deref() == Some("Written")
    })
    .await;
}

#[tokio::test]
async fn the_second_of_two_parallel_writes_is_locked() {
    let (hubspot, client) = start_predictable().await;
    hubspot.set_switches(Switches {
        latency_ms: 1_000,
        ..hubspot.switches()
    });
    let upsert = |first_name: &str| {
        json!({ "inputs": [{
            "id": "new@example.com", "idProperty": "email", "properties": { "firstname": first_name },
        }] })
    };
    let path = format!("{CURRENT}/batch/upsert");
    let by_email = format!("{CURRENT}/new%40example.com?idProperty=email");
    let (first, second, read) = tokio::join!(
        client.post(&path, upsert("first")),
        client.post(&path, upsert("second")),
        client.get(&by_email),
    );
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 423]);
    assert_ne!(read.status, 423, "reads need no lock");
    let locked = if first.status == 423 { first } else { second };
    assert_eq!(locked.json()["category"], "LOCKED");
    hubspot.set_switches(Switches {
        latency_ms: 0,
        ..hubspot.switches()
    });
    client.post(&path, upsert("later")).await.expect(200);
    hubspot.set_switches(Switches {
        lock_unique_values: false,
        latency_ms: 100,
        ..hubspot.switches()
    });
    let (first, second) = tokio::join!(client.post(&path, upsert("a")), client.post(&path, upsert("b")));
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (200, 200));
}
