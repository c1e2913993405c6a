//! A client for the gateway and the sandbox.

use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::{Client, RequestBuilder, StatusCode};

/// Far longer than any answer takes, since a run must end.
const LIMIT: Duration = Duration::from_mins(1);

/// A client that keeps its connections.
pub fn client() -> anyhow::Result<Client> {
    // Nothing here uses TLS, but the library wants to know who would do it. Set already is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().timeout(LIMIT).no_proxy().build();
    client.context("the HTTP client could not be made")
}

/// The body of a 2xx; anything else ends the run, in the words of the answer.
pub async fn expect_success(request: RequestBuilder) -> anyhow::Result<String> {
    let response = request.send().await?;
    let (status, url) = (response.status(), response.url().clone());
    let body = response.text().await?;
    if !status.is_success() {
        bail!("{url} answered {status}: {body}");
    }
    Ok(body)
}

/// Waits until an address answers 200.
pub async fn wait_until_ready(client: &Client, url: &str, limit: Duration) -> anyhow::Result<()> {
    let mut last = "no answer".to_owned();
    let ready = async {
        loop {
            match client.get(url).send().await {
                Ok(response) if response.status() == StatusCode::OK => return,
                Ok(response) => last = response.text().await.unwrap_or_default(),
                Err(error) => last = error.to_string(),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(limit, ready).await;
    waited.with_context(|| format!("{url} was not ready in {limit:?}; last: {last}"))
}
