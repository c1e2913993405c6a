//! Access tokens, scopes, refreshes and account details.

use std::time::Duration;

use reqwest::Method;
use sandbox::{OAuthApp, Settings, Switches};
use serde_json::json;

use crate::client::{CURRENT, Client, Response, V3, start, start_predictable};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

async fn refresh(client: &Client, version: &str, refresh_token: &str) -> Response {
    let body = format!(
        "grant_type=refresh_token&client_id=sandbox-client&client_secret=sandbox-secret&refresh_token={refresh_token}"
    );
    client
        .raw(Method::POST, &format!("/oauth/{version}/token"), &[FORM], &body)
        .await
}

#[tokio::test]
async fn a_call_without_a_token_is_rejected() {
    let (_hubspot, client) = start_predictable().await;
    let response = client.raw(Method::GET, CURRENT, &[], "").await;
    let body = response.expect(401);
    assert_eq!(body["category"], "INVALID_AUTHENTICATION");
    assert!(
        body["message"]
            .as_str()
            .unwrap()
            .starts_with("Authentication credentials not found.")
    );
    assert_eq!(
        response.header("x-hubspot-correlation-id"),
        body["correlationId"].as_str()
    );
}

#[tokio::test]
async fn unknown_tokens_are_not_found_or_expired_in_1970() {
    let (_hubspot, client) = start_predictable().await;
    let body = client
        .clone()
        .with_token("pat-na1-unknown")
        .get(CURRENT)
        .await
        .expect(401);
    assert_eq!(body["category"], "INVALID_AUTHENTICATION");
    let body = client.with_token("nonsense").get(CURRENT).await.expect(401);
    assert_eq!(body["category"], "EXPIRED_AUTHENTICATION");
    assert_eq!(
        body["context"]["expire time"],
        json!(["1970-01-01T00:00:00.000Z"])
    );
}

#[tokio::test]
async fn accepted_tokens_can_be_replaced() {
    let (hubspot, client) = start_predictable().await;
    hubspot.set_tokens(["pat-na1-second"]);
    client.get(CURRENT).await.expect(401);
    client.with_token("pat-na1-second").get(CURRENT).await.expect(200);
}

#[tokio::test]
async fn without_the_write_scope_only_reads_succeed() {
    let (hubspot, client) = start_predictable().await;
    let missing_scopes = vec!["crm.objects.contacts.write".to_owned()];
    hubspot.set_switches(Switches {
        missing_scopes,
        ..hubspot.switches()
    });
    client.get(CURRENT).await.expect(200);
    client
        .post(&format!("{CURRENT}/batch/read"), json!({"inputs": [{"id": "1"}]}))
        .await
        .expect(200);
    let body = client
        .patch(&format!("{CURRENT}/1"), json!({"properties": {"firstname": "x"}}))
        .await
        .expect(403);
    assert_eq!(body["category"], "MISSING_SCOPES");
    assert_eq!(
        body["errors"][0]["context"]["requiredGranularScopes"],
        json!(["crm.objects.contacts.write"])
    );
}

#[tokio::test]
async fn the_token_endpoint_issues_tokens_in_every_version() {
    let (hubspot, client) = start_predictable().await;
    for version in ["v3", "2026-03", "2026-09"] {
        let body = refresh(&client, version, "sandbox-refresh-token")
            .await
            .expect(200);
        assert_eq!(body["expires_in"], 1_800);
        assert_eq!(body["token_type"], "bearer");
        assert_eq!(body["hub_id"], hubspot.portal_id());
        assert_eq!(body["refresh_token"], "sandbox-refresh-token");
        let response = client
            .clone()
            .with_token(body["access_token"].as_str().unwrap())
            .get(CURRENT)
            .await;
        response.expect(200);
        assert_eq!(response.header("x-hubspot-ratelimit-max"), Some("110"));
        assert_eq!(response.header("x-hubspot-ratelimit-daily"), None);
    }
}

#[tokio::test]
async fn an_issued_token_expires() {
    let oauth = OAuthApp {
        token_lifetime: Duration::ZERO,
        ..OAuthApp::default()
    };
    let (_hubspot, client) = start(Settings {
        oauth,
        ..Settings::default()
    })
    .await;
    let token = refresh(&client, "2026-09", "sandbox-refresh-token")
        .await
        .expect(200);
    let body = client
        .with_token(token["access_token"].as_str().unwrap())
        .get(CURRENT)
        .await
        .expect(401);
    assert_eq!(body["category"], "EXPIRED_AUTHENTICATION");
    let message = body["message"].as_str().unwrap();
    let seconds = message
        .strip_prefix("The OAuth token used to make this call expired ")
        .unwrap();
    let seconds = seconds.strip_suffix(" second(s) ago.").unwrap();
    assert!(seconds.parse::<u64>().unwrap() < 60, "{message}");
    assert!(
        body["context"]["expire time"][0]
            .as_str()
            .unwrap()
            .starts_with("20")
    );
}

#[tokio::test]
async fn refresh_tokens_rotate_by_switch() {
    let (hubspot, client) = start_predictable().await;
    hubspot.set_switches(Switches {
        rotate_refresh_token: true,
        ..hubspot.switches()
    });
    let first = refresh(&client, "2026-09", "sandbox-refresh-token")
        .await
        .expect(200);
    let body = refresh(&client, "2026-09", "sandbox-refresh-token")
        .await
        .expect(400);
    assert_eq!(
        (&body["status"], &body["error"]),
        (&json!("BAD_REFRESH_TOKEN"), &json!("invalid_grant"))
    );
    refresh(&client, "2026-09", first["refresh_token"].as_str().unwrap())
        .await
        .expect(200);
}

#[tokio::test]
async fn a_disconnected_account_rejects_all_tokens() {
    let (hubspot, client) = start_predictable().await;
    let token = refresh(&client, "2026-09", "sandbox-refresh-token")
        .await
        .expect(200);
    hubspot.disconnect();
    client
        .clone()
        .with_token(token["access_token"].as_str().unwrap())
        .get(CURRENT)
        .await
        .expect(401);
    let response = refresh(&client, "2026-09", "sandbox-refresh-token").await;
    let body = response.expect(400);
    assert_eq!(body["status"], "BAD_REFRESH_TOKEN");
    assert_eq!(
        response.header("x-hubspot-correlation-id"),
        body["correlationId"].as_str()
    );
}

#[tokio::test]
async fn tokens_can_be_revoked_and_connections_replaced() {
    let (_hubspot, client) = start_predictable().await;
    let token = refresh(&client, "2026-09", "sandbox-refresh-token")
        .await
        .expect(200);
    let caller = client.clone().with_token(token["access_token"].as_str().unwrap());
    caller.get(CURRENT).await.expect(200);
    client.post("/_sandbox/revoke", json!({})).await.expect(204);
    caller.get(CURRENT).await.expect(401);
    refresh(&client, "2026-09", "sandbox-refresh-token")
        .await
        .expect(200);
    client.post("/_sandbox/disconnect", json!({})).await.expect(204);
    client
        .post("/_sandbox/connect", json!("another"))
        .await
        .expect(204);
    refresh(&client, "2026-09", "sandbox-refresh-token")
        .await
        .expect(400);
    refresh(&client, "2026-09", "another").await.expect(200);
}

#[tokio::test]
async fn each_invalid_part_of_a_refresh_has_its_status() {
    let (_hubspot, client) = start_predictable().await;
    for (body, status) in [
        ("grant_type=refresh_token&client_id=x", "BAD_CLIENT_ID"),
        (
            "grant_type=refresh_token&client_id=sandbox-client&client_secret=x",
            "BAD_CLIENT_SECRET",
        ),
        ("grant_type=authorization_code&code=x", "BAD_AUTH_CODE"),
        ("grant_type=password", "BAD_GRANT_TYPE"),
    ] {
        let response = client.raw(Method::POST, "/oauth/v3/token", &[FORM], body).await;
        assert_eq!(response.expect(400)["status"], status);
    }
}

#[tokio::test]
async fn account_details_name_the_account_in_every_version() {
    let settings = Settings {
        utc_offset_hours: -5,
        ..Settings::default()
    };
    let (hubspot, client) = start(settings).await;
    for version in ["v3", "2026-03", "2026-09"] {
        let body = client
            .get(&format!("/account-info/{version}/details"))
            .await
            .expect(200);
        assert_eq!(body["portalId"], hubspot.portal_id());
        assert_eq!(body["accountType"], "SANDBOX");
        assert_eq!(body["timeZone"], "Etc/GMT+5");
        assert_eq!(body["utcOffset"], "-05:00");
        assert_eq!(body["utcOffsetMilliseconds"], -18_000_000);
        assert_eq!(body["uiDomain"], "app.hubspot.com");
        assert_eq!(body["dataHostingLocation"], "na1");
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_rejected() {
    let (_hubspot, client) = start_predictable().await;
    for path in [
        "/crm/objects/2025-09/contacts",
        "/crm/objects/2026-09/companies",
        "/crm/v3/objects/0-1",
        "/account-info/v1/details",
    ] {
        assert_eq!(
            client.get(path).await.expect(404)["message"],
            "resource not found"
        );
    }
    client.put(&format!("{V3}/1"), json!({})).await.expect(405);
}
