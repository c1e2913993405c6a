//! Sends one change until it gets a final answer.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use contracts::UpdateForm;
use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};
use reqwest::{Client, Response, StatusCode};
use serde::Deserialize;

use crate::callers::accepted_changes::{AcceptedChanges, Answer, Change};

/// Longer than the gateway's own deadline.
const TIMEOUT: Duration = Duration::from_secs(8);
/// The share of requests with a short time-out, so that the change is repeated while the first one is in progress.
const SHORT_TIMEOUT_SHARE: f64 = 0.05;
const SHORT_TIMEOUT_MS: std::ops::Range<u64> = 2..300;
const PAUSE_MS: std::ops::Range<u64> = 50..400;

/// The number of answers by HTTP status, and of requests without an answer as `none`.
pub type AnswerCounts = BTreeMap<String, u64>;

/// Sends changes to a random gateway. A repeat can go to another gateway.
#[derive(Debug)]
pub(super) struct Caller {
    http: Client,
    gateways: Vec<String>,
    accepted_changes: Arc<AcceptedChanges>,
    answers: Mutex<AnswerCounts>,
}

/// The part of an answer with the version of this change. The answer's `user` may have a later version.
#[derive(Deserialize)]
struct AcceptedResponse {
    changed: bool,
    sync: AcceptedVersion,
}

#[derive(Deserialize)]
struct AcceptedVersion {
    version: u64,
}

impl Caller {
    pub(super) fn new(http: Client, gateways: Vec<String>, accepted_changes: Arc<AcceptedChanges>) -> Self {
        Self {
            http,
            gateways,
            accepted_changes,
            answers: Mutex::default(),
        }
    }

    pub(super) fn answers(&self) -> AnswerCounts {
        self.answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Sends a change until it is accepted. A rejection is recorded as a contradiction, because every change is valid.
    pub(super) async fn change(&self, change: &Change, random: &mut StdRng) {
        loop {
            let gateway = self.gateways.choose(random).map_or("", String::as_str);
            match self.send(gateway, change, timeout(random)).await {
                Ok(response) if response.status() == StatusCode::OK => {
                    // An incomplete answer counts as no answer.
                    if let Ok(AcceptedResponse { changed, sync }) = response.json().await {
                        self.count("200");
                        let answer = Answer {
                            version: sync.version,
                            changed,
                        };
                        return self.accepted_changes.accept(change, answer);
                    }
                    self.count("none");
                }
                Ok(response) if may_be_repeated(response.status()) => {
                    self.count(response.status().as_str());
                }
                Ok(response) => {
                    let status = response.status();
                    self.count(status.as_str());
                    let body = response.text().await.unwrap_or_default();
                    let text = format!("change {} of {} got {status}: {body}", change.number, change.user);
                    return self.accepted_changes.add_contradiction(text);
                }
                Err(_) => self.count("none"),
            }
            tokio::time::sleep(Duration::from_millis(random.random_range(PAUSE_MS))).await;
        }
    }

    async fn send(&self, gateway: &str, change: &Change, timeout: Duration) -> reqwest::Result<Response> {
        let media_type = match change.form {
            UpdateForm::Json => "application/json",
            UpdateForm::MergePatch => "application/merge-patch+json",
        };
        let request = self.http.patch(format!("{gateway}/users/{}", change.user));
        let request = request
            .body(serde_json::json!(change.fields).to_string())
            .header("Content-Type", media_type)
            .header("Idempotency-Key", format!("change-{}", change.number));
        request.timeout(timeout).send().await
    }

    fn count(&self, answer: &str) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        *answers.entry(answer.to_owned()).or_default() += 1;
    }
}

fn timeout(random: &mut StdRng) -> Duration {
    if random.random_bool(SHORT_TIMEOUT_SHARE) {
        Duration::from_millis(random.random_range(SHORT_TIMEOUT_MS))
    } else {
        TIMEOUT
    }
}

/// Whether the status means that the change was not made, or that it is unknown whether it was made.
fn may_be_repeated(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT | StatusCode::REQUEST_TIMEOUT
    )
}
