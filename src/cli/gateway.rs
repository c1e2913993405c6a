//! The client of the gateway's HTTP API.

use std::{net::SocketAddr, time::Duration};

use reqwest::{Client, Method, Response, StatusCode, header::RETRY_AFTER};
use serde_json::Value;
use url::{Host, Url};

use super::{CommandError, DEFAULT_URL, bulk::shell_option, terminal::text};

/// Longer than the gateway takes for any answer.
const TIMEOUT: Duration = Duration::from_mins(1);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// A client of one gateway.
pub(crate) struct Gateway {
    http: Client,
    url: String,
    /// The address without a password, for messages.
    printed_url: String,
}

impl Gateway {
    /// Makes a client without sending a request.
    pub(crate) fn at(url: &Url) -> Result<Self, CommandError> {
        // An error means that the provider is installed already, which is what reqwest needs.
        drop(rustls::crypto::ring::default_provider().install_default());
        let builder = Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT);
        // A proxy cannot reach the loopback addresses of this machine.
        let builder = if is_loopback(url) {
            builder.no_proxy()
        } else {
            builder
        };
        let trimmed = |url: &Url| url.as_str().trim_end_matches('/').to_owned();
        let printed_url = trimmed(&without_password(url));
        match builder.build() {
            Ok(http) => Ok(Self {
                http,
                url: trimmed(url),
                printed_url,
            }),
            Err(error) => Err(unreachable(&printed_url, &error)),
        }
    }

    /// The address without a password, for messages.
    pub(crate) fn printed_url(&self) -> &str {
        &self.printed_url
    }

    /// Whether this client's address leads to a gateway on this machine that listens at `address`.
    pub(crate) fn listens_at(&self, address: SocketAddr) -> bool {
        let Ok(url) = Url::parse(&self.url) else {
            return false;
        };
        url.port_or_known_default() == Some(address.port())
            && (is_loopback(&url) || url.host_str() == Some(&address.ip().to_string()))
    }

    /// The `--url` option of a further command for this gateway, with a space before it; empty for the default address.
    pub(crate) fn url_option(&self) -> String {
        if self.printed_url == DEFAULT_URL {
            String::new()
        } else {
            format!(" {}", shell_option("--url", &self.printed_url))
        }
    }

    /// Requests a document.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, CommandError> {
        self.send(Method::GET, path, None).await
    }

    /// Sends a request and returns the document of a successful answer.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, CommandError> {
        let response = self.exchange(method, path, body).await?;
        let (status, retry_after) = (response.status(), retry_after(&response));
        let document = self.document(response).await?;
        if status.is_success() {
            return Ok(document);
        }
        Err(rejected(status, retry_after, &document))
    }

    /// The report of `/readyz`, whether the gateway is ready or not.
    pub(crate) async fn readiness(&self) -> Result<Value, CommandError> {
        let response = self.exchange(Method::GET, "/readyz", None).await?;
        let (status, retry_after) = (response.status(), retry_after(&response));
        let report = self.document(response).await?;
        if report["name"] == "api-gateway" {
            Ok(report)
        } else if is_problem(&report) {
            Err(rejected(status, retry_after, &report))
        } else {
            Err(self.not_a_gateway())
        }
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response, CommandError> {
        let request = self.http.request(method, format!("{}{path}", self.url));
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        request
            .send()
            .await
            .map_err(|error| unreachable(&self.printed_url, &error))
    }

    async fn document(&self, response: Response) -> Result<Value, CommandError> {
        let body = response.bytes().await;
        let body = body.map_err(|error| unreachable(&self.printed_url, &error))?;
        serde_json::from_slice(&body).map_err(|_| self.not_a_gateway())
    }

    fn not_a_gateway(&self) -> CommandError {
        CommandError::NotAGateway {
            url: self.printed_url.clone(),
        }
    }
}

fn without_password(url: &Url) -> Url {
    let mut url = url.clone();
    // This fails only for an address that cannot have a password.
    let _ = url.set_password(None);
    url
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// The seconds of `Retry-After`. A date is ignored, because the gateway never sends one.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    seconds.parse().ok().map(Duration::from_secs)
}

/// Whether a document is a problem document of a hubsync gateway.
fn is_problem(document: &Value) -> bool {
    let kind = document["type"].as_str().unwrap_or_default();
    kind.starts_with("urn:hubsync:problem:")
}

fn rejected(status: StatusCode, retry_after: Option<Duration>, document: &Value) -> CommandError {
    CommandError::Rejected {
        status: status.as_u16(),
        slug: slug(document).to_owned(),
        detail: detail(document),
        retry_after,
    }
}

fn slug(document: &Value) -> &str {
    let kind = document["type"].as_str().unwrap_or_default();
    kind.rsplit(':').next().unwrap_or_default()
}

/// The `detail` of a problem document, with one more line for each invalid value that it does not mention.
fn detail(document: &Value) -> String {
    let mut detail = text(&document["detail"]);
    if detail.is_empty() {
        "the gateway rejected the request without a reason".clone_into(&mut detail);
    }
    for error in document["errors"].as_array().into_iter().flatten() {
        let (pointer, explanation) = (text(&error["pointer"]), text(&error["detail"]));
        if !detail.contains(&explanation) {
            let line = format!("{pointer} {explanation}");
            detail = format!("{detail}\n  {}", line.trim_start());
        }
    }
    detail
}

fn unreachable(url: &str, error: &reqwest::Error) -> CommandError {
    let cause = if error.is_timeout() {
        "no answer in time".to_owned()
    } else {
        innermost_cause(error)
    };
    CommandError::Unreachable {
        url: url.to_owned(),
        cause,
    }
}

/// The last error in the chain, which is the most specific, such as "connection refused".
fn innermost_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
