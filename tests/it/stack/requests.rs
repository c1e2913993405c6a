//! Requests to the gateway.

use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;

use super::Stack;

impl Stack {
    /// Makes any request to the gateway.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.gateway))
    }

    /// Sends a change as `application/json`.
    pub(crate) async fn patch(&self, user: &str, body: Value) -> Response {
        let request = self.request(Method::PATCH, &format!("/users/{user}"));
        request.json(&body).send().await.unwrap()
    }

    /// Sends a change that must be accepted, and returns its version.
    pub(crate) async fn change(&self, user: &str, body: Value) -> u64 {
        accepted(self.patch(user, body).await).await
    }

    /// Sends a change as `application/merge-patch+json` that must be accepted, and returns its version.
    pub(crate) async fn merge(&self, user: &str, body: Value) -> u64 {
        let request = self.request(Method::PATCH, &format!("/users/{user}"));
        let request = request
            .header("Content-Type", "application/merge-patch+json")
            .body(body.to_string());
        accepted(request.send().await.unwrap()).await
    }

    /// Reads (GET), starts (PUT) or ends (DELETE) the pause of delivery.
    pub(crate) async fn pause(&self, method: Method) -> Value {
        let response = self.request(method, "/sync/pause").send().await.unwrap();
        assert_eq!(response.status(), 200);
        response.json().await.unwrap()
    }

    /// The user, if it exists.
    pub(crate) async fn user(&self, user: &str) -> Option<Value> {
        let response = self
            .request(Method::GET, &format!("/users/{user}"))
            .send()
            .await
            .unwrap();
        match response.status().as_u16() {
            200 => Some(response.json().await.unwrap()),
            404 => None,
            status => panic!("GET /users/{user} answered {status}"),
        }
    }

    /// The receipt of a user's latest version, if the gateway answers with one.
    pub(crate) async fn receipt(&self, user: &str) -> Option<Value> {
        let response = self
            .request(Method::GET, &format!("/users/{user}/sync"))
            .send()
            .await
            .ok()?;
        if response.status() == 200 {
            response.json().await.ok()
        } else {
            None
        }
    }
}

async fn accepted(response: Response) -> u64 {
    let status = response.status();
    let body: Value = response.json().await.unwrap();
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["success"], true, "{body}");
    body["user"]["version"].as_u64().expect("a version")
}
