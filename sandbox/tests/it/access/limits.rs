//! The rate limits: their headers and their 429s.

use reqwest::Method;
use sandbox::{Limits, Settings, Switches};
use serde_json::json;

use crate::client::{CURRENT, start, start_predictable, wait_until};

async fn limited(limits: Limits) -> (sandbox::Sandbox, crate::client::Client) {
    start(Settings {
        limits,
        ..Settings::default()
    })
    .await
}

#[tokio::test]
async fn every_response_has_the_remaining_calls() {
    let (_hubspot, client) = start_predictable().await;
    client.get(CURRENT).await.expect(200);
    let response = client.get(&format!("{CURRENT}/999")).await;
    response.expect(404);
    for (name, value) in [
        ("x-hubspot-ratelimit-max", "190"),
        ("x-hubspot-ratelimit-remaining", "188"),
        ("x-hubspot-ratelimit-interval-milliseconds", "10000"),
        ("x-hubspot-ratelimit-daily", "625000"),
        ("x-hubspot-ratelimit-daily-remaining", "624998"),
        ("x-hubspot-ratelimit-secondly", "19"),
        ("x-hubspot-ratelimit-secondly-remaining", "19"),
    ] {
        assert_eq!(response.header(name), Some(value), "{name}");
    }
    assert!(response.header("x-hubspot-correlation-id").is_some());
}

#[tokio::test]
async fn a_full_window_answers_429_with_its_policy() {
    let (hubspot, client) = limited(Limits {
        burst: 2,
        ..Limits::default()
    })
    .await;
    client.get(CURRENT).await.expect(200);
    client.get(CURRENT).await.expect(200);
    let response = client.get(CURRENT).await;
    let body = response.expect(429);
    assert_eq!(
        body["message"],
        "You have reached your ten_secondly_rolling limit."
    );
    assert_eq!(
        (&body["errorType"], &body["policyName"]),
        (&json!("RATE_LIMIT"), &json!("TEN_SECONDLY_ROLLING"))
    );
    let group = format!(
        "publicapi:private_app-api-calls-ten-secondly:1512050:{}",
        hubspot.portal_id()
    );
    assert_eq!(body["groupName"], group);
    assert!(body.get("category").is_none());
    assert_eq!(response.header("x-hubspot-ratelimit-remaining"), Some("0"));
    assert_eq!(response.header("retry-after"), None);
}

#[tokio::test]
async fn a_429_has_retry_after_by_switch() {
    let (hubspot, client) = limited(Limits {
        burst: 0,
        ..Limits::default()
    })
    .await;
    hubspot.set_switches(Switches {
        retry_after: true,
        ..hubspot.switches()
    });
    let response = client.get(CURRENT).await;
    response.expect(429);
    assert_eq!(response.header("retry-after"), Some("10"));
}

#[tokio::test]
async fn the_window_rolls() {
    let (_hubspot, client) = limited(Limits {
        burst: 1,
        window_ms: 100,
        ..Limits::default()
    })
    .await;
    client.get(CURRENT).await.expect(200);
    for _ in 0..1_000 {
        if client.get(CURRENT).await.status == 200 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("the window never moved");
}

#[tokio::test]
async fn the_daily_limit_answers_429() {
    let (hubspot, client) = limited(Limits {
        daily: 1,
        ..Limits::default()
    })
    .await;
    client.get(CURRENT).await.expect(200);
    let response = client.get(CURRENT).await;
    let body = response.expect(429);
    assert_eq!(
        (&body["message"], &body["policyName"]),
        (&json!("You have reached your daily limit."), &json!("DAILY"))
    );
    assert_eq!(response.header("x-hubspot-ratelimit-daily-remaining"), Some("0"));
    hubspot.set_limits(Limits::default());
    client.get(CURRENT).await.expect(200);
}

#[tokio::test]
async fn searches_have_their_own_limit_and_no_headers() {
    let (hubspot, client) = limited(Limits {
        burst: 0,
        search_per_second: 1,
        ..Limits::default()
    })
    .await;
    let path = format!("{CURRENT}/search");
    let response = client.post(&path, json!({})).await;
    response.expect(200);
    assert_eq!(response.header("x-hubspot-ratelimit-max"), None);
    hubspot.set_limits(Limits {
        search_per_second: 0,
        ..Limits::default()
    });
    let body = client.post(&path, json!({})).await.expect(429);
    assert_eq!(
        (&body["message"], &body["policyName"]),
        (
            &json!("You have reached your secondly limit."),
            &json!("SECONDLY")
        )
    );
    assert_eq!(
        body["groupName"],
        format!("publicapi:crm:search:oauth:1512050:{}", hubspot.portal_id())
    );
}

#[tokio::test]
async fn the_token_endpoint_has_its_own_limit() {
    let (_hubspot, client) = limited(Limits {
        token_per_second: 0,
        ..Limits::default()
    })
    .await;
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let body = client
        .raw(
            Method::POST,
            "/oauth/v3/token",
            &headers,
            "grant_type=refresh_token",
        )
        .await
        .expect(429);
    assert_eq!(
        (&body["message"], &body["policyName"]),
        (&json!("You have reached your rate limit."), &json!("SECONDLY"))
    );
}

#[tokio::test]
async fn a_batch_counts_once_and_a_rejected_token_never() {
    let (hubspot, client) = start_predictable().await;
    client
        .clone()
        .with_token("nonsense")
        .get(CURRENT)
        .await
        .expect(401);
    let inputs: Vec<_> = (0..100).map(|id| json!({ "id": id.to_string() })).collect();
    let response = client
        .post(&format!("{CURRENT}/batch/read"), json!({ "inputs": inputs }))
        .await;
    assert_eq!(response.header("x-hubspot-ratelimit-remaining"), Some("189"));
    wait_until("both calls are in the log", || hubspot.calls().len() == 2).await;
}
