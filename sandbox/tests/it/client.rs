//! A plain HTTP client for the tests, and a sandbox to go with it.

use std::{
    sync::Once,
    time::{Duration, Instant},
};

use reqwest::{
    Method, StatusCode,
    header::{HeaderMap, HeaderName},
};
use sandbox::{Sandbox, Settings, Switches};
use serde_json::{Value, json};

pub(crate) const V3: &str = "/crm/v3/objects/contacts";
pub(crate) const CURRENT: &str = "/crm/objects/2026-09/contacts";

/// A response with its body.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Response {
    /// The body, which must be JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The body, after an assertion on the status.
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }

    pub(crate) fn header(&self, name: &'static str) -> Option<&str> {
        self.headers
            .get(HeaderName::from_static(name))
            .map(|value| value.to_str().unwrap())
    }
}

/// A caller of the sandbox, with a token.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Client {
    pub(crate) fn new(url: &str) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            rustls::crypto::ring::default_provider()
                .install_default()
                .unwrap();
        });
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap();
        Self {
            http,
            url: url.to_owned(),
            token: "sandbox-token".to_owned(),
        }
    }

    pub(crate) fn with_token(mut self, token: &str) -> Self {
        token.clone_into(&mut self.token);
        self
    }

    pub(crate) async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> reqwest::Result<Response> {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.url))
            .bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Response {
            status,
            headers,
            text: response.text().await?,
        })
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.try_send(Method::GET, path, None).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Response {
        self.try_send(Method::POST, path, Some(&body)).await.unwrap()
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Response {
        self.try_send(Method::PATCH, path, Some(&body)).await.unwrap()
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Response {
        self.try_send(Method::PUT, path, Some(&body)).await.unwrap()
    }

    pub(crate) async fn delete(&self, path: &str) -> Response {
        self.try_send(Method::DELETE, path, None).await.unwrap()
    }

    /// Makes a call with these headers and this body, and without a token.
    pub(crate) async fn raw(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.url))
            .body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Response {
            status,
            headers,
            text: response.text().await.unwrap(),
        }
    }
}

/// Starts a sandbox with these settings, and returns it with a client.
pub(crate) async fn start(settings: Settings) -> (Sandbox, Client) {
    let hubspot = Sandbox::start(settings).await.unwrap();
    let client = Client::new(&hubspot.url());
    (hubspot, client)
}

/// Starts a sandbox whose search does not lag and whose results keep their order.
pub(crate) async fn start_predictable() -> (Sandbox, Client) {
    start(Settings {
        switches: predictable_switches(),
        ..Settings::default()
    })
    .await
}

pub(crate) fn predictable_switches() -> Switches {
    Switches {
        search_lag_ms: 0,
        shuffle_results: false,
        ..Switches::default()
    }
}

/// Adds a contact with this address and returns its id.
pub(crate) fn add(hubspot: &Sandbox, email: &str) -> String {
    hubspot.create_contact([("email", email)]).unwrap().id.to_string()
}

/// The body of a single write.
pub(crate) fn properties(values: Value) -> Value {
    [("properties", values)].into_iter().collect()
}

/// An input of a batch update that sets the first name.
pub(crate) fn named(id: &str, first_name: &str) -> Value {
    json!({ "id": id, "properties": { "firstname": first_name } })
}

/// The input with a trace id.
pub(crate) fn traced(trace_id: &str, mut input: Value) -> Value {
    input["objectWriteTraceId"] = trace_id.into();
    input
}

/// An input of a batch create.
pub(crate) fn new(email: &str) -> Value {
    json!({ "properties": { "email": email } })
}

/// Makes a batch call under the current version.
pub(crate) async fn batch(client: &Client, what: &str, inputs: Value) -> Response {
    let body = [("inputs", inputs)].into_iter().collect();
    client.post(&format!("{CURRENT}/batch/{what}"), body).await
}

/// The ids of the contacts in a response, in its order.
pub(crate) fn ids(results: &Value) -> Vec<&str> {
    results
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["id"].as_str().unwrap())
        .collect()
}

/// The current first name of a contact.
pub(crate) fn first_name(hubspot: &Sandbox, id: &str) -> Option<String> {
    hubspot.contact(id).and_then(|contact| contact.value("firstname"))
}

/// Whether both sample contacts are unchanged.
pub(crate) fn samples_are_unchanged(hubspot: &Sandbox) -> bool {
    first_name(hubspot, "51").as_deref() == Some("Brian")
        && first_name(hubspot, "1").as_deref() == Some("Maria")
}

/// Waits until a condition holds. Panics after ten seconds.
pub(crate) async fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < deadline, "still waiting: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
