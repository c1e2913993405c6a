//! A client for the gateway and the sandbox.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use reqwest::{Client, RequestBuilder, StatusCode};

/// Far longer than any answer takes, since a run must end.
const LIMIT: Duration = Duration::from_mins(1);
const INTERVAL: Duration = Duration::from_millis(20);

/// A client that keeps its connections.
pub fn client() -> anyhow::Result<Client> {
    // Nothing here uses TLS, but the library wants to know who would do it. Set already is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().timeout(LIMIT).no_proxy().build();
    client.context("the HTTP client could not be made")
}

/// The body of a 2xx; anything else is an error, in the words of the answer.
pub async fn body_of(request: RequestBuilder) -> anyhow::Result<String> {
    let response = request.send().await?;
    let (status, url) = (response.status(), response.url().clone());
    let body = response.text().await?;
    if !status.is_success() {
        bail!("{url} answered {status}: {body}");
    }
    Ok(body)
}

/// Waits until an address answers 200.
pub async fn wait_for_ok(client: &Client, url: &str, limit: Duration) -> anyhow::Result<()> {
    let deadline = Instant::now() + limit;
    loop {
        let last = match client.get(url).timeout(limit).send().await {
            Ok(response) if response.status() == StatusCode::OK => return Ok(()),
            Ok(response) => response.text().await.unwrap_or_default(),
            Err(error) => error.to_string(),
        };
        if Instant::now() >= deadline {
            bail!("{url} did not answer 200 within {limit:?}; last: {last}");
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
