//! Authorization codes, version 1 of the token endpoint, and the scope of account details.

use reqwest::Method;
use sandbox::{Sandbox, Switches};
use serde_json::{Value, json};

use crate::client::{Client, Response, V3, start_predictable};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded;charset=UTF-8");
const VERSIONS: [&str; 4] = ["v1", "v3", "2026-03", "2026-09"];
const HOME: &str = "http://127.0.0.1:8085/callback?from=hubspot";

async fn token(client: &Client, version: &str, fields: &[(&str, &str)]) -> Response {
    let mut form = reqwest::Url::parse("http://form").unwrap();
    form.query_pairs_mut().extend_pairs(fields);
    let path = format!("/oauth/{version}/token");
    client
        .raw(Method::POST, &path, &[FORM], form.query().unwrap_or_default())
        .await
}

fn exchange<'a>(code: &'a str, redirect_uri: &'a str) -> Vec<(&'static str, &'a str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect_uri),
        ("client_id", "sandbox-client"),
        ("client_secret", "sandbox-secret"),
    ]
}

async fn assert_reads_the_account(client: &Client, response: &Value) {
    let token = response["access_token"].as_str().unwrap();
    client.clone().with_token(token).get(V3).await.expect(200);
}

#[tokio::test]
async fn a_code_can_be_used_once_in_every_version() {
    let (hubspot, client) = start_predictable().await;
    for version in VERSIONS {
        let code = hubspot.consent(HOME);
        let body = token(&client, version, &exchange(&code, HOME)).await.expect(200);
        assert_eq!(body["refresh_token"], "sandbox-refresh-token");
        assert_eq!(body.get("hub_id").is_some(), version != "v1");
        assert_reads_the_account(&client, &body).await;
        let body = token(&client, version, &exchange(&code, HOME)).await.expect(400);
        assert_eq!(body["status"], "BAD_AUTH_CODE");
    }
}

#[tokio::test]
async fn a_code_is_valid_for_its_redirect_and_app_only() {
    let (hubspot, client) = start_predictable().await;
    hubspot.disconnect();
    let code = hubspot.consent(HOME);
    let mut wrong_app = exchange(&code, HOME);
    wrong_app[3].1 = "another";
    for (fields, status) in [
        (exchange(&code, "http://127.0.0.1:8085/"), "BAD_REDIRECT_URI"),
        (wrong_app, "BAD_CLIENT_ID"),
        (exchange("unknown", HOME), "BAD_AUTH_CODE"),
    ] {
        let body = token(&client, "2026-09", &fields).await.expect(400);
        assert_eq!(body["status"], status);
        for member in ["error", "error_description", "message", "correlationId"] {
            assert!(body[member].is_string(), "{member}");
        }
    }
    let body = token(&client, "2026-09", &exchange(&code, HOME))
        .await
        .expect(200);
    assert_ne!(
        body["refresh_token"], "sandbox-refresh-token",
        "the old one is revoked"
    );
    assert_reads_the_account(&client, &body).await;
}

#[tokio::test]
async fn a_code_can_be_issued_over_http() {
    let (_hubspot, client) = start_predictable().await;
    let code = client.post("/_sandbox/codes", json!(HOME)).await.expect(200);
    let code = code["code"].as_str().unwrap();
    token(&client, "v3", &exchange(code, HOME)).await.expect(200);
}

#[tokio::test]
async fn version_1_answers_with_tokens_alone() {
    let (_hubspot, client) = start_predictable().await;
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", "sandbox-client"),
        ("client_secret", "sandbox-secret"),
        ("refresh_token", "sandbox-refresh-token"),
    ];
    let body = token(&client, "v1", &fields).await.expect(200);
    let names: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        ["access_token", "expires_in", "refresh_token", "token_type"]
    );
    assert_reads_the_account(&client, &body).await;
}

#[tokio::test]
async fn the_token_endpoint_rejects_odd_bodies() {
    let (_hubspot, client) = start_predictable().await;
    let json = ("content-type", "application/json");
    for (header, body) in [
        (FORM, ""),
        (FORM, "%ff=%fe&&=&grant_type"),
        (json, "{\"grant_type\":1}"),
        (FORM, "grant_type="),
    ] {
        let response = client.raw(Method::POST, "/oauth/v1/token", &[header], body).await;
        assert_eq!(response.expect(400)["status"], "BAD_GRANT_TYPE", "{body}");
    }
    assert_eq!(client.get("/oauth/v1/token").await.status, 405);
}

fn lack(hubspot: &Sandbox, scope: &str) {
    hubspot.set_switches(Switches {
        missing_scopes: vec![scope.to_owned()],
        ..hubspot.switches()
    });
}

#[tokio::test]
async fn only_account_details_need_the_scope_oauth() {
    let (hubspot, client) = start_predictable().await;
    lack(&hubspot, "oauth");
    for version in ["v3", "2026-03", "2026-09"] {
        let body = client
            .get(&format!("/account-info/{version}/details"))
            .await
            .expect(403);
        assert_eq!(body["category"], "MISSING_SCOPES");
        assert_eq!(
            body["errors"][0]["context"]["requiredGranularScopes"],
            json!(["oauth"])
        );
    }
    client.get(V3).await.expect(200);
    let code = hubspot.consent(HOME);
    let body = token(&client, "v3", &exchange(&code, HOME)).await.expect(200);
    assert_eq!(
        body["scopes"],
        json!(["crm.objects.contacts.read", "crm.objects.contacts.write"])
    );
    lack(&hubspot, "crm.objects.contacts.read");
    client.get(V3).await.expect(403);
    client.get("/account-info/v3/details").await.expect(200);
}
