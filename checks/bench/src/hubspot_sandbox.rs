//! The sandbox's controls, and its own record of the calls it got.

use anyhow::Context;
use jiff::Timestamp;
use reqwest::Client;
use serde::Deserialize;
use serde_json::{Value, json};

use testing::http::body_of;

use crate::people::Person;

/// So many contacts are created in a call, as many as HubSpot takes.
const CREATED_AT_ONCE: usize = 100;
/// So many calls are as good as no limit.
const NO_LIMIT: usize = 1_000_000;

/// A call in the sandbox's log.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// When it came.
    pub at: Timestamp,
    /// Where to.
    pub path: String,
    /// What was answered; none if the connection was cut.
    pub status: Option<u16>,
    /// How many inputs it had.
    pub inputs: usize,
    /// How long it took.
    pub duration_ms: u64,
}

/// The sandbox.
#[derive(Debug, Clone)]
pub struct HubspotSandbox {
    http: Client,
    url: String,
}

impl HubspotSandbox {
    /// The sandbox at an address.
    pub fn new(http: Client, url: String) -> Self {
        Self { http, url }
    }

    /// Adds a contact for each of them.
    pub async fn create_contacts(&self, people: impl Iterator<Item = Person>) -> anyhow::Result<()> {
        let people: Vec<Person> = people.collect();
        for people in people.chunks(CREATED_AT_ONCE) {
            let contact = |person: &Person| json!({ "properties": { "email": person.email() } });
            let inputs: Vec<Value> = people.iter().map(contact).collect();
            let url = format!("{}/crm/objects/2026-09/contacts/batch/create", self.url);
            let request = self.http.post(url).bearer_auth("sandbox-token");
            body_of(request.json(&json!({ "inputs": inputs }))).await?;
        }
        Ok(())
    }

    /// Lets everything through at once.
    pub async fn lift_limits(&self) -> anyhow::Result<()> {
        self.set(NO_LIMIT, 0, 0).await
    }

    /// Lets so many calls through in any ten seconds, and makes them take so long.
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

    /// Every call since the log was emptied, in the order in which they came.
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
