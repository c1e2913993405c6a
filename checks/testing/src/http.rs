//! An HTTP client for what runs on this machine.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, StatusCode, Url};
use tokio::time::{Instant, sleep};

/// Far longer than any answer takes, since a run must end.
const LIMIT: Duration = Duration::from_mins(1);
const INTERVAL: Duration = Duration::from_millis(20);

/// Why there is no answer, or not the one that is needed.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// There is none.
    #[error(transparent)]
    Request(#[from] reqwest::Error),
    /// It is no success.
    #[error("{url} answered {status}: {body}")]
    Refused {
        /// Who answered.
        url: Url,
        /// How.
        status: StatusCode,
        /// In what words.
        body: String,
    },
    /// It did not come in time.
    #[error("{url} did not answer 200 within {limit:?}; last: {last}")]
    NotReady {
        /// Who was asked.
        url: String,
        /// How long.
        limit: Duration,
        /// What was heard last.
        last: String,
    },
}

/// A client that keeps its connections and knows no proxies.
pub fn client() -> Client {
    // Nothing here uses TLS, but the library wants to know who would do it. Set already is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().timeout(LIMIT).no_proxy().build();
    client.expect("nothing is asked for that could be missing")
}

/// The body of a 2xx; anything else is an error, in the words of the answer.
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
