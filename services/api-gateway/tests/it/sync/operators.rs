//! `POST /sync/resync` and the link of a user.

use contracts::ErrorCode;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Gateway, problem, slug};
use crate::scripted_user_service::{Reaction, ScriptedUserService, reject};

#[tokio::test]
async fn a_resync_of_all_users_goes_page_by_page() {
    let gateway = Gateway::start().await;
    let pages = [
        json!({ "resynced": 400, "shared": 60, "skipped": 40, "next": "u5" }),
        json!({ "resynced": 7, "shared": 0, "skipped": 1 }),
    ];
    let scripted_user_service =
        ScriptedUserService::start(&gateway, pages.map(Reaction::Answer).to_vec()).await;
    let request = gateway.request(Method::POST, "/sync/resync");
    let response = request.json(&json!({ "all": true })).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let total: Value = response.json().await.unwrap();
    assert_eq!(total, json!({ "resynced": 407, "shared": 60, "skipped": 41 }));
    let requests: Vec<_> = scripted_user_service
        .requests()
        .into_iter()
        .map(|requests| requests.body)
        .collect();
    assert_eq!(
        requests,
        [json!({ "all": {} }), json!({ "all": { "after": "u5" } })]
    );
}

#[tokio::test]
async fn an_error_after_some_pages_reports_them_and_the_next() {
    let gateway = Gateway::start().await;
    let page = json!({ "resynced": 400, "shared": 60, "skipped": 40, "next": "u5" });
    let script = vec![Reaction::Answer(page.clone()), reject(ErrorCode::Unavailable)];
    ScriptedUserService::start(&gateway, script).await;
    let resync = async |body: Value| {
        let request = gateway.request(Method::POST, "/sync/resync");
        request.json(&body).send().await.unwrap()
    };
    let response = resync(json!({ "all": true })).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.json::<Value>().await.unwrap(), page);
    let response = resync(json!({ "all": true, "after": "u5" })).await;
    assert_eq!(response.status(), 503, "nothing was done");
    assert_eq!(slug(&problem(response).await), "unavailable");
}

#[tokio::test]
async fn a_contact_is_linked_and_unlinked() {
    let gateway = Gateway::start().await;
    let receipt = json!({
        "userId": "7", "version": 1, "state": "confirmed", "resending": true, "fields": {}, "overallState": "confirmed", "attempts": 1,
        "currentVersion": 1
    });
    let script = vec![
        Reaction::Answer(receipt.clone()),
        Reaction::Answer(receipt.clone()),
    ];
    let scripted_user_service = ScriptedUserService::start(&gateway, script).await;
    let start_with_host = gateway.request(Method::PUT, "/users/7/contact");
    let start_with_host = start_with_host
        .json(&json!({ "contactId": "501" }))
        .send()
        .await
        .unwrap();
    assert_eq!(start_with_host.json::<Value>().await.unwrap(), receipt);
    let forgotten = gateway.request(Method::DELETE, "/users/7/contact");
    assert_eq!(forgotten.send().await.unwrap().status(), 200);
    let requests = scripted_user_service.requests();
    let requests: Vec<_> = requests
        .iter()
        .map(|requests| (requests.subject.as_str(), &requests.body))
        .collect();
    let (link, unlink) = (
        json!({ "userId": "7", "contactId": "501" }),
        json!({ "userId": "7" }),
    );
    assert_eq!(
        requests,
        [("users.sync.link", &link), ("users.sync.unlink", &unlink)]
    );
}

#[tokio::test]
async fn a_contact_that_cannot_be_linked_is_rejected() {
    let gateway = Gateway::start().await;
    let rejected_requests = [
        ErrorCode::ContactHeld,
        ErrorCode::NoAccount,
        ErrorCode::UserNotFound,
    ];
    ScriptedUserService::start(&gateway, rejected_requests.map(reject).to_vec()).await;
    for (status, expected) in [(409, "contact-held"), (409, "no-account"), (404, "not-found")] {
        let request = gateway.request(Method::PUT, "/users/7/contact");
        let response = request.json(&json!({ "contactId": "501" })).send().await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(slug(&problem(response).await), expected);
    }
}

#[tokio::test]
async fn plain_text_and_empty_bodies_are_rejected() {
    let gateway = Gateway::start().await;
    let scripted_user_service = ScriptedUserService::start(&gateway, vec![Reaction::Silence]).await;
    for (method, path) in [(Method::POST, "/sync/resync"), (Method::PUT, "/users/7/contact")] {
        let request = gateway.request(method.clone(), path);
        let request = request.header("content-type", "text/plain");
        let response = request.body(r#"{"all":true}"#).send().await.unwrap();
        assert_eq!(response.status(), 415, "{path}");
        let request = gateway.request(method, path).json(&json!({}));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 400, "{path}");
        assert_eq!(slug(&problem(response).await), "invalid-body");
    }
    assert!(scripted_user_service.requests().is_empty());
}
