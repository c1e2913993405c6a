//! One change: sent until it is answered for good.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use contracts::UpdateForm;
use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};
use reqwest::{Client, Response, StatusCode};
use serde::Deserialize;

use crate::ledger::{Change, Ledger};

/// Longer than the gateway's own deadline.
const PATIENCE: Duration = Duration::from_secs(8);
/// Some callers give up sooner, while their change is on its way.
const IMPATIENT: f64 = 0.05;
const IMPATIENCE_MS: std::ops::Range<u64> = 2..300;
const PAUSE_MS: std::ops::Range<u64> = 50..400;

/// How often what was answered: statuses, and `none` for no answer.
pub type Answers = BTreeMap<String, u64>;

/// Sends changes to any of the gateways; what is repeated may go to another one.
#[derive(Debug)]
pub(super) struct Caller {
    http: Client,
    gateways: Vec<String>,
    ledger: Arc<Ledger>,
    answers: Mutex<Answers>,
}

/// Of an answer, what tells the change's own version; `user` may be at a later one already.
#[derive(Deserialize)]
struct Accepted {
    sync: AcceptedVersion,
}

#[derive(Deserialize)]
struct AcceptedVersion {
    version: u64,
}

impl Caller {
    pub(super) fn new(http: Client, gateways: Vec<String>, ledger: Arc<Ledger>) -> Self {
        Self {
            http,
            gateways,
            ledger,
            answers: Mutex::default(),
        }
    }

    pub(super) fn answers(&self) -> Answers {
        self.answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Sends a change until it is accepted, or refused for good, which nothing here deserves.
    pub(super) async fn change(&self, change: &Change, random: &mut StdRng) {
        loop {
            let gateway = self.gateways.choose(random).map_or("", String::as_str);
            match self.send(gateway, change, patience(random)).await {
                Ok(response) if response.status() == StatusCode::OK => {
                    // An answer that breaks off is none.
                    if let Ok(Accepted { sync }) = response.json().await {
                        self.count("200");
                        return self.ledger.accept(change, sync.version);
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
                    return self.ledger.contradict(text);
                }
                Err(_) => self.count("none"),
            }
            tokio::time::sleep(Duration::from_millis(random.random_range(PAUSE_MS))).await;
        }
    }

    async fn send(&self, gateway: &str, change: &Change, patience: Duration) -> reqwest::Result<Response> {
        let media_type = match change.form {
            UpdateForm::Json => "application/json",
            UpdateForm::MergePatch => "application/merge-patch+json",
        };
        let request = self.http.patch(format!("{gateway}/users/{}", change.user));
        let request = request
            .body(serde_json::json!(change.fields).to_string())
            .header("Content-Type", media_type)
            .header("Idempotency-Key", format!("change-{}", change.number));
        request.timeout(patience).send().await
    }

    fn count(&self, answer: &str) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        *answers.entry(answer.to_owned()).or_default() += 1;
    }
}

fn patience(random: &mut StdRng) -> Duration {
    if random.random_bool(IMPATIENT) {
        Duration::from_millis(random.random_range(IMPATIENCE_MS))
    } else {
        PATIENCE
    }
}

/// What the gateway says when the change may or may not have been made, or was not and may be later.
fn may_be_repeated(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT | StatusCode::REQUEST_TIMEOUT
    )
}
