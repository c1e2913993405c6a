//! Callers that do not wait: each asks again as soon as it is answered.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use reqwest::{Response, StatusCode, header::RETRY_AFTER};
use tokio::task::JoinSet;

use super::report::Load;
use crate::{
    delays::Delays,
    gateway::Gateway,
    people::{Group, Person},
};

/// What callers were answered, and after how many milliseconds.
#[derive(Debug, Default)]
pub struct Answers {
    accepted_ms: Vec<f64>,
    /// 503 that says when to come back.
    refused_ms: Vec<f64>,
    /// Anything else.
    other: BTreeMap<String, u64>,
}

/// Lets so many callers, each with a connection and a user of its own, call for so long.
pub(super) async fn call(gateway: &Gateway, callers: usize, length: Duration) -> anyhow::Result<Answers> {
    let until = Instant::now() + length;
    let mut calling: JoinSet<Answers> = Group::Backlog
        .people(callers)
        .map(|person| call_until(gateway.clone(), person, until))
        .collect();
    let mut all = Answers::default();
    while let Some(answers) = calling.join_next().await {
        all.add(answers?);
    }
    Ok(all)
}

async fn call_until(gateway: Gateway, person: Person, until: Instant) -> Answers {
    let mut answers = Answers::default();
    let mut round = 0;
    while Instant::now() < until {
        round += 1;
        let began = Instant::now();
        let answer = gateway.request(person, round).send().await;
        answers.note(answer, began).await;
    }
    answers
}

impl Answers {
    async fn note(&mut self, answer: reqwest::Result<Response>, began: Instant) {
        let ms = || began.elapsed().as_secs_f64() * 1_000.0;
        let Ok(response) = answer else {
            return self.note_other("no answer");
        };
        let (status, says_when) = (response.status(), response.headers().contains_key(RETRY_AFTER));
        if response.bytes().await.is_err() {
            return self.note_other("half an answer");
        }
        match status {
            StatusCode::OK => self.accepted_ms.push(ms()),
            StatusCode::SERVICE_UNAVAILABLE if says_when => self.refused_ms.push(ms()),
            other => self.note_other(other.as_str()),
        }
    }

    fn note_other(&mut self, what: &str) {
        *self.other.entry(what.to_owned()).or_default() += 1;
    }

    fn add(&mut self, more: Self) {
        self.accepted_ms.extend(more.accepted_ms);
        self.refused_ms.extend(more.refused_ms);
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
            refused_per_second: per_second(self.refused_ms.len()),
            refused: Delays::of(self.refused_ms),
            other: self.other,
        }
    }
}
