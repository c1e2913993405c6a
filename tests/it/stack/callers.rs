//! Callers that change users until they are stopped, and record the answers.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt, stream};
use reqwest::{Client, Response, header::RETRY_AFTER};
use serde_json::{Value, json};
use testing::wait::until;
use tokio::task::JoinSet;

use super::{CEILING, Stack};

/// The pause of a caller after a request that was not accepted.
const PAUSE: Duration = Duration::from_millis(10);

/// The answers that one caller got for its user, whom only this caller changes.
#[derive(Debug, Default)]
pub(crate) struct CallerResults {
    user: String,
    /// The version and the number of the last change that was answered 200.
    accepted: Option<(u64, u64)>,
    /// The number of other answers by status; `503` has `Retry-After`.
    pub(crate) other: BTreeMap<String, u64>,
}

/// Running callers, each with its own connection and user.
pub(crate) struct Callers {
    stop: Arc<AtomicBool>,
    accepted: Arc<AtomicU64>,
    calling: JoinSet<CallerResults>,
}

impl Callers {
    /// Starts this many callers.
    pub(crate) fn start(stack: &Stack, count: usize) -> Self {
        let (stop, accepted) = (Arc::default(), Arc::default());
        let calling = (0..count).map(|number| {
            let results = CallerResults {
                user: format!("caller-{number}"),
                ..CallerResults::default()
            };
            results.call(
                stack.http.clone(),
                stack.gateway.clone(),
                Arc::clone(&stop),
                Arc::clone(&accepted),
            )
        });
        Self {
            calling: calling.collect(),
            stop,
            accepted,
        }
    }

    /// Waits until this many more changes were accepted.
    pub(crate) async fn wait_for_accepted(&self, more: u64) {
        let before = self.accepted.load(Ordering::Relaxed);
        until(
            &format!("{more} more changes to be accepted"),
            CEILING,
            async || {
                let now = self.accepted.load(Ordering::Relaxed);
                if now >= before + more {
                    Ok(())
                } else {
                    Err(now - before)
                }
            },
        )
        .await;
    }

    /// Stops the callers after their running requests, and returns their answers.
    pub(crate) async fn stop(self) -> Vec<CallerResults> {
        self.stop.store(true, Ordering::Relaxed);
        self.calling.join_all().await
    }
}

impl CallerResults {
    async fn call(
        mut self,
        http: Client,
        gateway: String,
        stop: Arc<AtomicBool>,
        accepted: Arc<AtomicU64>,
    ) -> Self {
        let url = format!("{gateway}/users/{}", self.user);
        let email = format!("{}@example.com", self.user);
        let mut number = 0;
        while !stop.load(Ordering::Relaxed) {
            number += 1;
            let change = json!({ "email": email, "firstName": number.to_string() });
            match http.patch(&url).json(&change).send().await {
                Ok(response) if response.status() == 200 => {
                    let body: Value = response.json().await.unwrap();
                    self.accepted = Some((body["user"]["version"].as_u64().unwrap(), number));
                    accepted.fetch_add(1, Ordering::Relaxed);
                }
                Ok(response) => self.count_and_pause(&name(&response)).await,
                Err(error) => self.count_and_pause(&format!("no answer: {error:?}")).await,
            }
        }
        self
    }

    async fn count_and_pause(&mut self, answer: &str) {
        *self.other.entry(answer.to_owned()).or_default() += 1;
        // Without a pause, rejected callers would use up the machine's time.
        tokio::time::sleep(PAUSE).await;
    }
}

fn name(response: &Response) -> String {
    let status = response.status();
    if status == 503 && !response.headers().contains_key(RETRY_AFTER) {
        return "503 without Retry-After".to_owned();
    }
    status.as_str().to_owned()
}

impl Stack {
    /// Checks that every change that was answered 200 is stored, or a later one of the same caller.
    pub(crate) async fn check_accepted_changes(&self, results: &[CallerResults]) {
        stream::iter(results)
            .for_each_concurrent(16, |results| self.check_accepted_change(results))
            .await;
    }

    async fn check_accepted_change(&self, results: &CallerResults) {
        let Some((version, number)) = results.accepted else {
            return;
        };
        let user = self.user(&results.user).await.unwrap();
        let kept: u64 = user["firstName"].as_str().unwrap().parse().unwrap();
        assert!(
            user["version"].as_u64().unwrap() >= version && kept >= number,
            "{results:?} but {user}"
        );
    }
}
