//! The gateway as the command line sees it.

use std::{net::SocketAddr, time::Duration};

use reqwest::{Client, Method, Response, StatusCode, header::RETRY_AFTER};
use serde_json::Value;
use url::{Host, Url};

use super::{DEFAULT_URL, Failure, output::text, series::option};

/// Longer than the gateway works on anything.
const LIMIT: Duration = Duration::from_mins(1);
const CONNECT_LIMIT: Duration = Duration::from_secs(3);

/// A running gateway.
pub(crate) struct Gateway {
    http: Client,
    url: String,
    /// For people: without a password.
    shown: String,
}

impl Gateway {
    /// Nothing is asked yet.
    pub(crate) fn at(url: &Url) -> Result<Self, Failure> {
        // A second call finds the provider in place, which is all that is wanted.
        drop(rustls::crypto::ring::default_provider().install_default());
        let builder = Client::builder().timeout(LIMIT).connect_timeout(CONNECT_LIMIT);
        // A proxy knows nothing of this machine.
        let builder = if is_here(url) { builder.no_proxy() } else { builder };
        let trimmed = |url: &Url| url.as_str().trim_end_matches('/').to_owned();
        let shown = trimmed(&without_password(url));
        match builder.build() {
            Ok(http) => Ok(Self {
                http,
                url: trimmed(url),
                shown,
            }),
            Err(error) => Err(unreachable(&shown, &error)),
        }
    }

    /// Where it is, for people.
    pub(crate) fn address(&self) -> &str {
        &self.shown
    }

    /// Whether it is the gateway that listens at this address of this machine.
    pub(crate) fn listens_at(&self, address: SocketAddr) -> bool {
        let Ok(url) = Url::parse(&self.url) else {
            return false;
        };
        url.port_or_known_default() == Some(address.port())
            && (is_here(&url) || url.host_str() == Some(&address.ip().to_string()))
    }

    /// What leads a further command here: an option, or nothing where it comes here by itself.
    pub(crate) fn option(&self) -> String {
        if self.shown == DEFAULT_URL {
            String::new()
        } else {
            format!(" {}", option("--url", &self.shown))
        }
    }

    /// Asks for a document.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.send(Method::GET, path, None).await
    }

    /// Has something done.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let response = self.exchange(method, path, body).await?;
        let (status, retry_after) = (response.status(), retry_after(&response));
        let document = self.document(response).await?;
        if status.is_success() {
            return Ok(document);
        }
        Err(refused(status, retry_after, &document))
    }

    /// What `/readyz` says, well or not.
    pub(crate) async fn readiness(&self) -> Result<Value, Failure> {
        let response = self.exchange(Method::GET, "/readyz", None).await?;
        let (status, retry_after) = (response.status(), retry_after(&response));
        let report = self.document(response).await?;
        if report["name"] == "api-gateway" {
            Ok(report)
        } else if is_problem(&report) {
            Err(refused(status, retry_after, &report))
        } else {
            Err(self.no_gateway())
        }
    }

    async fn exchange(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Response, Failure> {
        let request = self.http.request(method, format!("{}{path}", self.url));
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        request
            .send()
            .await
            .map_err(|error| unreachable(&self.shown, &error))
    }

    async fn document(&self, response: Response) -> Result<Value, Failure> {
        let body = response.bytes().await;
        let body = body.map_err(|error| unreachable(&self.shown, &error))?;
        serde_json::from_slice(&body).map_err(|_| self.no_gateway())
    }

    fn no_gateway(&self) -> Failure {
        Failure::NoGateway {
            url: self.shown.clone(),
        }
    }
}

fn without_password(url: &Url) -> Url {
    let mut url = url.clone();
    // An address that can have none has none.
    let _ = url.set_password(None);
    url
}

fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// A date is no pause that is worth waiting for.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    seconds.parse().ok().map(Duration::from_secs)
}

/// Whether it is a gateway of hubsync that says no.
fn is_problem(document: &Value) -> bool {
    let kind = document["type"].as_str().unwrap_or_default();
    kind.starts_with("urn:hubsync:problem:")
}

fn refused(status: StatusCode, retry_after: Option<Duration>, document: &Value) -> Failure {
    Failure::Refused {
        status: status.as_u16(),
        kind: kind(document).to_owned(),
        detail: detail(document),
        retry_after,
    }
}

fn kind(document: &Value) -> &str {
    let kind = document["type"].as_str().unwrap_or_default();
    kind.rsplit(':').next().unwrap_or_default()
}

/// The sentence of a problem document, with every fault of what was given.
fn detail(document: &Value) -> String {
    let mut detail = text(&document["detail"]);
    if detail.is_empty() {
        "refused without a reason".clone_into(&mut detail);
    }
    for fault in document["errors"].as_array().into_iter().flatten() {
        let (pointer, words) = (text(&fault["pointer"]), text(&fault["detail"]));
        if !detail.contains(&words) {
            let line = format!("{pointer} {words}");
            detail = format!("{detail}\n  {}", line.trim_start());
        }
    }
    detail
}

fn unreachable(url: &str, error: &reqwest::Error) -> Failure {
    let cause = if error.is_timeout() {
        "no answer in time".to_owned()
    } else {
        innermost(error)
    };
    Failure::Unreachable {
        url: url.to_owned(),
        cause,
    }
}

/// The cause that says the most: "connection refused".
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
