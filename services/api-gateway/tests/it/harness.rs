//! Runs a gateway in this process, on its own port and with its own nats-server.

use std::net::SocketAddr;
use std::time::Duration;

use api_gateway::{Config, Limits, ServeError, serve};
use bytes::Bytes;
use contracts::{FieldDefinitions, ReadFields, Request};
use futures_util::StreamExt;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method, RequestBuilder, Response};
use runtime::settings::Env;
use runtime::{Metrics, Shutdown};
use serde_json::Value;
use testing::http;
use testing::nats::{NatsServer, Options};
use testing::wait::until;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A limit for waits that is longer than anything here takes on a busy machine.
pub(crate) const CEILING: Duration = Duration::from_secs(30);

pub(crate) const JSON: &str = "application/json";
pub(crate) const MERGE_PATCH: &str = "application/merge-patch+json";

/// The gateway under test.
pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    pub(crate) nats: NatsServer,
    client: Client,
    shutdown: Shutdown,
    serving: JoinHandle<Result<(), ServeError>>,
}

impl Gateway {
    /// Starts nats-server and the gateway, and waits for their connection.
    pub(crate) async fn start() -> Self {
        Self::start_with(Limits::default()).await
    }

    pub(crate) async fn start_with(limits: Limits) -> Self {
        let nats = NatsServer::start(Options::default()).await.unwrap();
        let gateway = Self::start_before_nats(limits, nats).await;
        gateway.wait_until_check("nats", true).await;
        gateway.wait_until_check("fields", true).await;
        gateway
    }

    /// Starts the gateway without waiting for NATS, which may be down.
    pub(crate) async fn start_before_nats(limits: Limits, nats: NatsServer) -> Self {
        Self::start_as(limits, nats, &[]).await
    }

    /// Starts the gateway with further settings, such as credentials.
    pub(crate) async fn start_as(limits: Limits, nats: NatsServer, settings: &[(&str, &str)]) -> Self {
        name_fields(&nats.url());
        Self::start_without_fields(limits, nats, settings).await
    }

    /// Starts a gateway to which nobody names the set of fields.
    pub(crate) async fn start_without_fields(
        limits: Limits,
        nats: NatsServer,
        settings: &[(&str, &str)],
    ) -> Self {
        let url = nats.url();
        let pairs = settings.iter().copied().chain([("NATS_URL", url.as_str())]);
        let mut config = Config::read(&Env::from_pairs(pairs)).unwrap();
        config.limits = limits;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = Shutdown::new();
        let stop = shutdown.clone();
        let serving = tokio::spawn(async move { serve(&config, listener, &Metrics::default(), stop).await });
        Self {
            address,
            nats,
            client: http::client(),
            shutdown,
            serving,
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("http://{}{path}", self.address))
    }

    pub(crate) fn patch(
        &self,
        path: &str,
        content_type: &str,
        body: impl Into<reqwest::Body>,
    ) -> RequestBuilder {
        self.request(Method::PATCH, path)
            .header(CONTENT_TYPE, content_type)
            .body(body)
    }

    /// A valid change.
    pub(crate) fn valid_change(&self) -> RequestBuilder {
        self.patch("/users/1", JSON, r#"{"email":"bh@hubspot.com"}"#)
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    pub(crate) async fn wait_until_check(&self, name: &str, ok: bool) {
        until(&format!("check {name} to be {ok}"), CEILING, async || {
            let report: Value = self.get("/readyz").await.json().await.unwrap();
            let checks = report["checks"].as_array().unwrap();
            let check = checks.iter().find(|check| check["name"] == name).unwrap();
            if check["ok"] == ok {
                Ok(())
            } else {
                Err(report.to_string())
            }
        })
        .await;
    }

    /// Tells the gateway to stop.
    pub(crate) fn stop(&self) {
        self.shutdown.trigger();
    }

    /// Waits until it has stopped.
    pub(crate) async fn stopped(self) -> Result<(), ServeError> {
        tokio::time::timeout(CEILING, self.serving)
            .await
            .expect("it stops")
            .unwrap()
    }
}

/// Names the built-in set of fields to the gateway, as every user service does, also where a test has no user service.
fn name_fields(url: &str) {
    let options = async_nats::ConnectOptions::new().retry_on_initial_connect();
    let url = url.to_owned();
    tokio::spawn(async move {
        let client = options.connect(url).await.unwrap();
        let mut requests = client.subscribe(ReadFields::SUBJECT).await.unwrap();
        let set = Bytes::from(serde_json::to_vec(&**FieldDefinitions::built_in()).unwrap());
        while let Some(request) = requests.next().await {
            if let Some(reply) = request.reply {
                client.publish(reply, set.clone()).await.unwrap();
            }
        }
    });
}

/// Reads a problem document, and checks the members that every one has.
pub(crate) async fn problem(response: Response) -> Value {
    assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
    let status = response.status().as_u16();
    let request_id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let document: Value = response.json().await.unwrap();
    assert_eq!(document["status"], status, "{document}");
    assert_eq!(
        document["instance"],
        format!("urn:hubsync:request:{request_id}"),
        "{document}"
    );
    assert!(
        document["title"].is_string() && document["detail"].is_string(),
        "{document}"
    );
    document
}

/// The name at the end of a problem's type.
pub(crate) fn slug(document: &Value) -> &str {
    document["type"]
        .as_str()
        .unwrap()
        .strip_prefix("urn:hubsync:problem:")
        .unwrap()
}
