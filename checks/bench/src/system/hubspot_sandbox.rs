//! The client of the sandbox: its settings, and its log of calls.

use anyhow::Context;
use jiff::Timestamp;
use reqwest::Client;
use serde::Deserialize;
use serde_json::{Value, json};

use testing::http::body_of;

use crate::system::test_users::TestUser;

/// The most contacts that HubSpot creates in one call.
const MAX_CREATED_PER_CALL: usize = 100;
/// More calls than any run makes.
const NO_LIMIT: usize = 1_000_000;

/// A call in the sandbox's log.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// When it arrived.
    pub at: Timestamp,
    /// The path of the request.
    pub path: String,
    /// The HTTP status of the answer; `None` if the connection was cut.
    pub status: Option<u16>,
    /// The number of inputs.
    pub inputs: usize,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// A client of the sandbox.
#[derive(Debug, Clone)]
pub struct HubspotSandbox {
    http: Client,
    url: String,
}

impl HubspotSandbox {
    /// A client of the sandbox at this address.
    pub fn new(http: Client, url: String) -> Self {
        Self { http, url }
    }

    /// Creates a contact for each user.
    pub async fn create_contacts(&self, users: impl Iterator<Item = TestUser>) -> anyhow::Result<()> {
        let users: Vec<TestUser> = users.collect();
        for users in users.chunks(MAX_CREATED_PER_CALL) {
            let contact = |user: &TestUser| json!({ "properties": { "email": user.email() } });
            let inputs: Vec<Value> = users.iter().map(contact).collect();
            let url = format!("{}/crm/objects/2026-09/contacts/batch/create", self.url);
            let request = self.http.post(url).bearer_auth("sandbox-token");
            body_of(request.json(&json!({ "inputs": inputs }))).await?;
        }
        Ok(())
    }

    /// Removes the limits and the latency.
    pub async fn lift_limits(&self) -> anyhow::Result<()> {
        self.set(NO_LIMIT, 0, 0).await
    }

    /// Sets how many calls are allowed in ten seconds, and how long they take.
    pub async fn set(&self, burst: usize, latency_ms: u64, jitter_ms: u64) -> anyhow::Result<()> {
        let limits = json!({ "burst": burst, "window_ms": 10_000, "daily": 100_000_000 });
        let latency = json!({ "latency_ms": latency_ms, "latency_jitter_ms": jitter_ms });
        body_of(self.http.put(self.control("limits")).json(&limits)).await?;
        body_of(self.http.patch(self.control("switches")).json(&latency)).await?;
        Ok(())
    }

    /// Empties the log of calls.
    pub async fn forget_calls(&self) -> anyhow::Result<()> {
        body_of(self.http.delete(self.control("calls"))).await?;
        Ok(())
    }

    /// All calls since the log was emptied, in order of arrival.
    pub async fn calls(&self) -> anyhow::Result<Vec<Call>> {
        let body = body_of(self.http.get(self.control("calls"))).await?;
        let mut calls: Vec<Call> = serde_json::from_str(&body).context("the sandbox's log of calls")?;
        calls.sort_by_key(|call| call.at);
        Ok(calls)
    }

    fn control(&self, name: &str) -> String {
        format!("{}/_sandbox/{name}", self.url)
    }
}
