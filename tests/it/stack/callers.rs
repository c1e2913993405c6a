//! Callers that change users for as long as they are let, and remember what they were told.

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

/// How soon a caller comes back that was not served.
const PAUSE: Duration = Duration::from_millis(10);

/// What one caller was told of its user, whom nobody else changes.
#[derive(Debug, Default)]
pub(crate) struct Told {
    user: String,
    /// The version and the number of the last change that was answered 200.
    accepted: Option<(u64, u64)>,
    /// What else was answered; `503` stands for one that says when to come back.
    pub(crate) other: BTreeMap<String, u64>,
}

/// Callers at work, each with a connection and a user of its own.
pub(crate) struct Callers {
    stop: Arc<AtomicBool>,
    accepted: Arc<AtomicU64>,
    calling: JoinSet<Told>,
}

impl Callers {
    /// Lets so many begin.
    pub(crate) fn start(stack: &Stack, count: usize) -> Self {
        let (stop, accepted) = (Arc::default(), Arc::default());
        let calling = (0..count).map(|number| {
            let told = Told {
                user: format!("caller-{number}"),
                ..Told::default()
            };
            told.call(
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

    /// Waits until so many more changes were accepted.
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

    /// Lets nobody begin anything new, and waits for the last answers.
    pub(crate) async fn stop(self) -> Vec<Told> {
        self.stop.store(true, Ordering::Relaxed);
        self.calling.join_all().await
    }
}

impl Told {
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
                Ok(response) => self.note(&name(&response)).await,
                Err(_) => self.note("no answer").await,
            }
        }
        self
    }

    async fn note(&mut self, what: &str) {
        *self.other.entry(what.to_owned()).or_default() += 1;
        // The others are to get their turn on this machine.
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
    /// Every change that was answered 200 is there, or a later one of the same caller.
    pub(crate) async fn check_kept(&self, told: &[Told]) {
        stream::iter(told)
            .for_each_concurrent(16, |told| self.check_one_kept(told))
            .await;
    }

    async fn check_one_kept(&self, told: &Told) {
        let Some((version, number)) = told.accepted else {
            return;
        };
        let user = self.user(&told.user).await.unwrap();
        let kept: u64 = user["firstName"].as_str().unwrap().parse().unwrap();
        assert!(
            user["version"].as_u64().unwrap() >= version && kept >= number,
            "{told:?} but {user}"
        );
    }
}
