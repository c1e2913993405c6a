//! Callers that send their next request as soon as the last one is answered.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use reqwest::{Response, StatusCode, header::RETRY_AFTER};
use tokio::task::JoinSet;

use super::report::Load;
use crate::{
    figures::delays::Delays,
    system::{
        gateway::Gateway,
        test_users::{Group, TestUser},
    },
};

/// The delays of the answers in milliseconds, by kind.
#[derive(Debug, Default)]
pub struct AnswerDelays {
    accepted_ms: Vec<f64>,
    /// 503 with `Retry-After`.
    rejected_ms: Vec<f64>,
    /// The number of other answers.
    other: BTreeMap<String, u64>,
}

/// Runs this many callers for this time. Each has its own connection and user.
pub(super) async fn call(
    gateway: &Gateway,
    callers: usize,
    length: Duration,
) -> anyhow::Result<AnswerDelays> {
    let until = Instant::now() + length;
    let mut calling: JoinSet<AnswerDelays> = Group::Backlog
        .users(callers)
        .map(|user| call_until(gateway.clone(), user, until))
        .collect();
    let mut all = AnswerDelays::default();
    while let Some(answers) = calling.join_next().await {
        all.add(answers?);
    }
    Ok(all)
}

async fn call_until(gateway: Gateway, user: TestUser, until: Instant) -> AnswerDelays {
    let mut answers = AnswerDelays::default();
    let mut round = 0;
    while Instant::now() < until {
        round += 1;
        let began = Instant::now();
        let answer = gateway.request(user, round).send().await;
        answers.record(answer, began).await;
    }
    answers
}

impl AnswerDelays {
    async fn record(&mut self, answer: reqwest::Result<Response>, began: Instant) {
        let ms = || began.elapsed().as_secs_f64() * 1_000.0;
        let Ok(response) = answer else {
            return self.record_other("no answer");
        };
        let (status, has_retry_after) = (response.status(), response.headers().contains_key(RETRY_AFTER));
        if response.bytes().await.is_err() {
            return self.record_other("half an answer");
        }
        match status {
            StatusCode::OK => self.accepted_ms.push(ms()),
            StatusCode::SERVICE_UNAVAILABLE if has_retry_after => self.rejected_ms.push(ms()),
            other => self.record_other(other.as_str()),
        }
    }

    fn record_other(&mut self, what: &str) {
        *self.other.entry(what.to_owned()).or_default() += 1;
    }

    fn add(&mut self, more: Self) {
        self.accepted_ms.extend(more.accepted_ms);
        self.rejected_ms.extend(more.rejected_ms);
        for (what, count) in more.other {
            *self.other.entry(what).or_default() += count;
        }
    }

    pub(super) fn figures(self, length: Duration) -> Load {
        let per_second =
            |count: usize| u32::try_from(count).map_or(f64::INFINITY, f64::from) / length.as_secs_f64();
        Load {
            accepted_per_second: per_second(self.accepted_ms.len()),
            accepted: Delays::of(self.accepted_ms),
            rejected_per_second: per_second(self.rejected_ms.len()),
            rejected: Delays::of(self.rejected_ms),
            other: self.other,
        }
    }
}
