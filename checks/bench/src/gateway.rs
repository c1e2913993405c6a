//! Changes, as callers of the gateway make them.

use std::time::{Duration, Instant};

use anyhow::Context;
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use reqwest::{Client, RequestBuilder};
use serde::Deserialize;

use testing::http::body_of;

use crate::people::Person;

/// Changes under way at a time in a flood.
const CONNECTIONS: usize = 64;

/// A change that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Whose.
    pub user_id: String,
    /// The version it made.
    pub version: u64,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// When the gateway's 200 had come.
    pub accepted_at: Timestamp,
}

/// The gateway.
#[derive(Debug, Clone)]
pub struct Gateway {
    http: Client,
    url: String,
}

#[derive(Deserialize)]
struct Answer {
    sync: Sync,
}

#[derive(Deserialize)]
struct Sync {
    version: u64,
}

impl Gateway {
    /// The gateway at an address.
    pub fn new(http: Client, url: String) -> Self {
        Self { http, url }
    }

    /// A change of one user, yet to be sent.
    pub fn request(&self, person: Person, round: u32) -> RequestBuilder {
        let url = format!("{}/users/{}", self.url, person.id());
        self.http.patch(url).json(&person.change(round))
    }

    /// Changes one user.
    pub async fn change(&self, person: Person, round: u32) -> anyhow::Result<Accepted> {
        let user_id = person.id();
        let request = self.request(person, round);
        let sent_at = Timestamp::now();
        let body = body_of(request).await?;
        let accepted_at = Timestamp::now();
        let answer: Answer = serde_json::from_str(&body).context("the gateway's answer")?;
        Ok(Accepted {
            user_id,
            version: answer.sync.version,
            sent_at,
            accepted_at,
        })
    }

    /// Changes all of them, many at a time, and says how long that took.
    pub async fn flood(&self, people: impl Iterator<Item = Person>, round: u32) -> anyhow::Result<Duration> {
        let started = Instant::now();
        stream::iter(people)
            .map(|person| self.change(person, round))
            .buffer_unordered(CONNECTIONS)
            .try_for_each(async |_| Ok(()))
            .await?;
        Ok(started.elapsed())
    }
}
