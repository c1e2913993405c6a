//! The client of the gateway.

use std::time::{Duration, Instant};

use anyhow::Context;
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use reqwest::{Client, RequestBuilder};
use serde::Deserialize;

use testing::http::body_of;

use crate::system::test_users::TestUser;

/// The most concurrent changes.
const CONNECTIONS: usize = 64;

/// A change that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedChange {
    /// The user.
    pub user_id: String,
    /// The version that the change made.
    pub version: u64,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// When the gateway's 200 had arrived.
    pub accepted_at: Timestamp,
}

/// A client of the gateway.
#[derive(Debug, Clone)]
pub struct Gateway {
    http: Client,
    url: String,
}

#[derive(Deserialize)]
struct ChangeResponse {
    sync: Sync,
}

#[derive(Deserialize)]
struct Sync {
    version: u64,
}

impl Gateway {
    /// A client of the gateway at this address.
    pub fn new(http: Client, url: String) -> Self {
        Self { http, url }
    }

    /// The request that changes one user.
    pub fn request(&self, user: TestUser, round: u32) -> RequestBuilder {
        let url = format!("{}/users/{}", self.url, user.id());
        self.http.patch(url).json(&user.change(round))
    }

    /// Changes one user.
    pub async fn change(&self, user: TestUser, round: u32) -> anyhow::Result<AcceptedChange> {
        let user_id = user.id();
        let request = self.request(user, round);
        let sent_at = Timestamp::now();
        let body = body_of(request).await?;
        let accepted_at = Timestamp::now();
        let answer: ChangeResponse = serde_json::from_str(&body).context("the gateway's answer")?;
        Ok(AcceptedChange {
            user_id,
            version: answer.sync.version,
            sent_at,
            accepted_at,
        })
    }

    /// Changes all of the users concurrently, and returns how long that took.
    pub async fn change_all(
        &self,
        users: impl Iterator<Item = TestUser>,
        round: u32,
    ) -> anyhow::Result<Duration> {
        let started = Instant::now();
        stream::iter(users)
            .map(|user| self.change(user, round))
            .buffer_unordered(CONNECTIONS)
            .try_for_each(async |_| Ok(()))
            .await?;
        Ok(started.elapsed())
    }
}
