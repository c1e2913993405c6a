//! `GET /sync` and `POST /sync/retry`.

use contracts::ErrorCode;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Gateway, problem, slug};
use crate::scripted_user_service::{Reaction, ScriptedUserService, reject};

#[tokio::test]
async fn a_list_is_requested_by_state_reason_and_position() {
    let gateway = Gateway::start().await;
    let page = json!({ "users": [], "next": "3:A:u9" });
    let scripted_user_service =
        ScriptedUserService::start(&gateway, vec![Reaction::Answer(page.clone())]).await;
    let response = gateway
        .get("/sync?state=failed&reason=A&after=3%3AA%3Au1&limit=5")
        .await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.json::<Value>().await.unwrap(), page);
    let requests = &scripted_user_service.requests()[0];
    let expected = json!({
        "filter": { "problems": { "state": "failed", "reason": "A" } }, "after": "3:A:u1", "limit": 5
    });
    assert_eq!(
        (requests.subject.as_str(), &requests.body),
        ("users.sync.list", &expected)
    );
}

#[tokio::test]
async fn a_misspelt_filter_is_rejected() {
    let gateway = Gateway::start().await;
    let scripted_user_service = ScriptedUserService::start(&gateway, vec![Reaction::Silence]).await;
    for query in [
        "sate=failed",
        "state=confirmed",
        "reason=A",
        "limit=0",
        "limit=501",
        "state=failed&state=conflict",
    ] {
        let response = gateway.get(&format!("/sync?{query}")).await;
        assert_eq!(response.status(), 400, "{query}");
        assert_eq!(slug(&problem(response).await), "invalid-parameter", "{query}");
    }
    assert!(scripted_user_service.requests().is_empty());
}

#[tokio::test]
async fn a_position_that_the_user_service_rejects_is_a_400() {
    let gateway = Gateway::start().await;
    ScriptedUserService::start(&gateway, vec![reject(ErrorCode::InvalidRequest)]).await;
    let response = gateway.get("/sync?after=x").await;
    assert_eq!(response.status(), 400);
    assert_eq!(slug(&problem(response).await), "invalid-parameter");
}

#[tokio::test]
async fn a_retry_by_state_goes_page_by_page() {
    let gateway = Gateway::start().await;
    let pages = [
        json!({ "retried": 400, "skipped": 100, "next": "3:A:u5" }),
        json!({ "retried": 7, "skipped": 0 }),
    ];
    let scripted_user_service =
        ScriptedUserService::start(&gateway, pages.map(Reaction::Answer).to_vec()).await;
    let request = gateway.request(Method::POST, "/sync/retry");
    let response = request
        .json(&json!({ "state": "failed", "reason": "A" }))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let total: Value = response.json().await.unwrap();
    assert_eq!(total, json!({ "retried": 407, "skipped": 100 }));
    let requests: Vec<_> = scripted_user_service
        .requests()
        .into_iter()
        .map(|requests| requests.body)
        .collect();
    let filter = json!({ "state": "failed", "reason": "A" });
    let expected = [
        json!({ "listed": { "filter": filter } }),
        json!({ "listed": { "filter": filter, "after": "3:A:u5" } }),
    ];
    assert_eq!(requests, expected);
}

#[tokio::test]
async fn an_error_after_some_pages_reports_them_and_the_next() {
    let gateway = Gateway::start().await;
    let page = json!({ "retried": 400, "skipped": 100, "next": "3:A:u5" });
    let script = vec![Reaction::Answer(page.clone()), reject(ErrorCode::Unavailable)];
    ScriptedUserService::start(&gateway, script).await;
    let retry = async |body: Value| {
        let request = gateway.request(Method::POST, "/sync/retry");
        request.json(&body).send().await.unwrap()
    };
    let response = retry(json!({ "state": "failed" })).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.json::<Value>().await.unwrap(), page);
    let response = retry(json!({ "state": "failed", "after": "3:A:u5" })).await;
    assert_eq!(response.status(), 503, "nothing was done");
    assert_eq!(slug(&problem(response).await), "unavailable");
}

#[tokio::test]
async fn a_retry_accepts_only_json_that_names_users() {
    let gateway = Gateway::start().await;
    let scripted_user_service = ScriptedUserService::start(&gateway, vec![Reaction::Silence]).await;
    let send = async |kind: &str, body: &str| {
        let request = gateway.request(Method::POST, "/sync/retry");
        let request = request
            .header("content-type", kind.to_owned())
            .body(body.to_owned());
        let response = request.send().await.unwrap();
        (
            response.status().as_u16(),
            slug(&problem(response).await).to_owned(),
        )
    };
    let json = "application/json";
    // A page of another site can make a browser send this.
    assert_eq!(
        send("text/plain", r#"{"users":["1"]}"#).await,
        (415, "unsupported-media-type".to_owned())
    );
    assert_eq!(send(json, "{").await, (400, "malformed-body".to_owned()));
    for body in [
        "{}",
        r#"{"users":[]}"#,
        r#"{"users":["a b"]}"#,
        r#"{"state":"pending"}"#,
    ] {
        assert_eq!(send(json, body).await, (400, "invalid-body".to_owned()), "{body}");
    }
    assert!(scripted_user_service.requests().is_empty());
}
