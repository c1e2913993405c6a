//! An HTTP client for services on this machine.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, StatusCode, Url};
use tokio::time::{Instant, sleep};

/// The time limit of a request, which is far longer than any answer takes.
const LIMIT: Duration = Duration::from_mins(1);
const INTERVAL: Duration = Duration::from_millis(20);

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// There was no answer.
    #[error(transparent)]
    Request(#[from] reqwest::Error),
    /// The status is not 2xx.
    #[error("{url} answered {status}: {body}")]
    Refused {
        /// The address.
        url: Url,
        /// The status.
        status: StatusCode,
        /// The body of the answer.
        body: String,
    },
    /// There was no answer with status 200 in time.
    #[error("{url} did not answer 200 within {limit:?}; last: {last}")]
    NotReady {
        /// The address.
        url: String,
        /// The time limit.
        limit: Duration,
        /// The last answer or error.
        last: String,
    },
}

/// A client that reuses connections and ignores proxy settings.
pub fn client() -> Client {
    // reqwest needs a TLS provider even without TLS. An error means that one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().timeout(LIMIT).no_proxy().build();
    client.expect("the options need no files and no TLS roots")
}

/// Sends a request and returns the body of a 2xx answer. Any other answer is an error with its body.
pub async fn body_of(request: RequestBuilder) -> Result<String, HttpError> {
    let response = request.send().await?;
    let (status, url) = (response.status(), response.url().clone());
    let body = response.text().await?;
    if status.is_success() {
        Ok(body)
    } else {
        Err(HttpError::Refused { url, status, body })
    }
}

/// Waits until an address answers 200.
pub async fn wait_for_ok(client: &Client, url: &str, limit: Duration) -> Result<(), HttpError> {
    let deadline = Instant::now() + limit;
    loop {
        let last = match client.get(url).timeout(limit).send().await {
            Ok(response) if response.status() == StatusCode::OK => return Ok(()),
            Ok(response) => response.text().await.unwrap_or_default(),
            Err(error) => error.to_string(),
        };
        if Instant::now() >= deadline {
            let url = url.to_owned();
            return Err(HttpError::NotReady { url, limit, last });
        }
        sleep(INTERVAL).await;
    }
}
